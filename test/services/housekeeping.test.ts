import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import { MemoryStore } from '../../adapters/memory-store.ts'
import type { StormpetrelError } from '../../core/errors.ts'
import type { CountedUpTo } from '../../core/store/count-store.ts'
import { DEFAULT_RETENTION } from '../../core/store/retention.ts'
import { newSettings, type StoreSettings } from '../../core/store/store-settings.ts'
import { Housekeeping } from '../../services/aggregator/housekeeping.ts'
import { AggregatorCounters } from '../../services/aggregator/metrics.ts'
import { applyTo, batch, span, window } from '../adapters/count-store-suite.ts'
import { enrichedBatch } from '../builders/batches.ts'
import { addresses4, ALL, sourcePart } from '../builders/sources.ts'

const HOUR = 3600
const hour = window('hour', 100 * HOUR)
const INTERVAL_MS = 60

/** A store that tells how often it was asked, and whose settings a test changes. */
class ObservedStore extends MemoryStore {
  readonly asked: string[] = []
  changed: StoreSettings | null = null
  counted: readonly CountedUpTo[] = []
  rollMs = 0
  /** What happens between the look at the bus and the look at the store. */
  beforeOffsets: () => Promise<void> = () => Promise.resolve()

  constructor() {
    super({ retention: DEFAULT_RETENTION, nowSeconds: () => 105 * HOUR })
  }
  override async settings(): Promise<StoreSettings> {
    return this.changed ?? (await super.settings())
  }
  override async countedUpTo(topic: string, partitions: number): Promise<number[]> {
    this.asked.push('offsets')
    await this.beforeOffsets()
    return await super.countedUpTo(topic, partitions)
  }
  override async lateTotals() {
    this.asked.push('late')
    return await super.lateTotals()
  }
  override async closeSources(watermarkSeconds: number, counted: readonly CountedUpTo[]): Promise<void> {
    this.asked.push('close')
    this.counted = counted
    await super.closeSources(watermarkSeconds, counted)
  }
  override async roll(): Promise<void> {
    this.asked.push('roll')
    await super.roll()
    await new Promise((resolve) => setTimeout(resolve, this.rollMs))
  }
  override async trimSensorHours(watermarkSeconds: number): Promise<void> {
    this.asked.push('trim')
    await super.trimSensorHours(watermarkSeconds)
  }
}

let store: ObservedStore
let counters: AggregatorCounters
let housekeeping: Housekeeping
let bus: InProcessBus
let failures: Error[]

beforeEach(async () => {
  store = new ObservedStore()
  counters = new AggregatorCounters(true)
  bus = new InProcessBus({ partitions: 2, maxUnreadRecords: 1000, nowMs: Date.now })
  failures = []
  housekeeping = new Housekeeping({
    store,
    bus,
    isLive: true,
    counters,
    log: (_, message) => failures.push(new Error(message)),
    onFailure: (error) => failures.push(error),
    intervalMs: INTERVAL_MS
  })
  await applyTo(store, 'a', { batches: [batch('a', 1, { watermarkSeconds: 104 * HOUR })] })
  await applyTo(store, 'a', { sources: [sourcePart(hour.startSeconds, [[ALL, addresses4(0, 5)]])] })
  await housekeeping.start()
})

afterEach(async () => {
  await housekeeping.stop()
  await bus.stop()
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1))
}

function times(what: string): number {
  return store.asked.filter((asked) => asked === what).length
}

test('sketches are closed and hours trimmed while the store is not behind', async () => {
  await until(() => times('trim') >= 1)
  await applyTo(store, 'a', { sources: [sourcePart(hour.startSeconds, [[ALL, addresses4(5, 9)]])] })

  expect((await store.sources(hour, ['all'])).get('all')).toBe(5)
  expect(await store.trimmedUpToSeconds()).toBe(97 * HOUR)
  expect(failures).toEqual([])
})

/** Has every slot count this partition up to there. */
async function countUpTo(partition: number, offset: number): Promise<void> {
  const spans = [span(0, offset, partition)]
  expect(await applyTo(store, 'a', { spans })).toMatchObject({ kind: 'applied' })
}

test('nothing is closed while any partition is not counted as far as it went, and it is as soon as all are', async () => {
  const batches = [1, 2, 3].map((number) => enrichedBatch([], { number }))
  for (const partition of [0, 1]) await bus.publish('packets.enriched', partition, batches)
  await countUpTo(0, 3)
  await countUpTo(1, 2)
  await until(() => times('late') >= 2)
  const before = times('offsets')
  await until(() => times('offsets') >= before + 10)
  expect([times('close'), times('trim')]).toEqual([0, 0])

  await countUpTo(1, 3)
  await until(() => times('trim') >= 1)
  expect(store.counted).toEqual([0, 1].map((partition) => ({ topic: 'packets.enriched', partition, to: 3 })))
  expect(failures).toEqual([])
})

test('what comes after an interval began does not hold up what is closed in it', async () => {
  await bus.publish('packets.enriched', 0, [enrichedBatch([], { number: 1 })])
  store.beforeOffsets = async () => {
    store.beforeOffsets = () => Promise.resolve()
    await bus.publish('packets.enriched', 0, [enrichedBatch([], { number: 2 })])
    await countUpTo(0, 1)
  }

  await until(() => times('trim') >= 1)
  expect(failures).toEqual([])
})

test("each sensor's newest packet, the memory and the time of asking are read at every look", async () => {
  store.memory = async () => ({ usedBytes: 7, maxBytes: 10 })
  expect([counters.storeReadAtMs, counters.watermarks.size]).toEqual([null, 0])
  const before = Date.now()
  await until(() => counters.storeReadAtMs !== null)
  await applyTo(store, 'b', { batches: [batch('b', 1, { watermarkSeconds: 103 * HOUR })] })
  const first = counters.storeReadAtMs!

  await until(() => counters.storeReadAtMs !== first && counters.watermarks.size === 2)

  expect(counters.watermarks).toEqual(
    new Map([
      ['a', 104 * HOUR],
      ['b', 103 * HOUR]
    ])
  )
  expect(counters.storeMemory).toEqual({ usedBytes: 7, maxBytes: 10 })
  expect(first).toBeGreaterThanOrEqual(before)
})

test('a store that does not answer leaves the time of the last answer as it is', async () => {
  await until(() => counters.storeReadAtMs !== null)
  store.sensorWatermarks = () => Promise.reject(new Error('away'))
  await until(() => failures.length >= 1)
  const last = counters.storeReadAtMs

  await until(() => failures.length >= 3)

  expect(counters.storeReadAtMs).toBe(last)
})

test('late sources are read once an interval, whether the store is behind or not', async () => {
  await until(() => times('trim') >= 1)
  await applyTo(store, 'a', { sources: [sourcePart(hour.startSeconds, [[ALL, addresses4(0, 3)]])] })
  await bus.publish('packets.enriched', 0, [enrichedBatch([], { number: 1 })])
  const [rounds, looks] = [times('late'), times('offsets')]

  await until(() => times('late') >= rounds + 2 && times('offsets') >= looks + 20)

  expect(counters.lateSources).toEqual({ minute: 0, hour: 3, day: 0 })
  expect(times('late') - rounds).toBeLessThan((times('offsets') - looks) / 4)
})

test('an aggregator ends when another has changed what the store keeps', async () => {
  store.changed = newSettings({ retention: { ...DEFAULT_RETENTION, dayDays: 900 }, dayZones: [] })

  await until(() => failures.length > 0)

  expect((failures[0] as StormpetrelError).code).toBe('SP_STORE_LAYOUT')
})

test('what was counted goes to its windows several times an interval; a run does nothing else', async () => {
  await until(() => times('late') >= 2)
  expect(times('roll')).toBeGreaterThan(times('late'))
  await housekeeping.stop()
  housekeeping = new Housekeeping({
    store,
    bus,
    isLive: false,
    counters,
    log: (_, message) => failures.push(new Error(message)),
    onFailure: (error) => failures.push(error),
    intervalMs: INTERVAL_MS
  })
  await housekeeping.start()
  store.asked.length = 0

  await until(() => times('roll') >= 10)
  expect(new Set(store.asked)).toEqual(new Set(['roll']))
  expect(failures).toEqual([])
})

test('a roll that is always at work when an interval ends holds up neither the look nor what is tidied', async () => {
  store.rollMs = INTERVAL_MS
  await until(() => times('roll') >= 3)
  const [looks, trims] = [times('late'), times('trim')]

  await until(() => times('roll') >= 9)

  expect(times('late')).toBeGreaterThanOrEqual(looks + 3)
  expect(times('trim')).toBeGreaterThanOrEqual(trims + 3)
})

test('after stop nothing is asked any more', async () => {
  await until(() => times('trim') >= 1)
  await housekeeping.stop()
  const { length } = store.asked

  await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS))

  expect(store.asked.length).toBe(length)
})
