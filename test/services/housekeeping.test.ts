import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { MemoryStore } from '../../adapters/memory-store.ts'
import type { StormpetrelError } from '../../core/errors.ts'
import { DEFAULT_RETENTION } from '../../core/store/retention.ts'
import { newSettings, type StoreSettings } from '../../core/store/store-settings.ts'
import { Housekeeping } from '../../services/aggregator/housekeeping.ts'
import { AggregatorCounters } from '../../services/aggregator/metrics.ts'
import { addresses4, applyTo, batch, window } from '../adapters/count-store-suite.ts'

const HOUR = 3600
const hour = window('hour', 100 * HOUR)
const INTERVAL_MS = 60

/** A store that tells how often it was asked, and whose settings a test changes. */
class ObservedStore extends MemoryStore {
  readonly asked: string[] = []
  changed: StoreSettings | null = null

  constructor() {
    super({ retention: DEFAULT_RETENTION, nowSeconds: () => 105 * HOUR })
  }
  override async settings(): Promise<StoreSettings> {
    return this.changed ?? (await super.settings())
  }
  override async lateTotals() {
    this.asked.push('late')
    return await super.lateTotals()
  }
  override async closeSketches(watermarkSeconds: number): Promise<void> {
    this.asked.push('close')
    await super.closeSketches(watermarkSeconds)
  }
  override async trimSensorHours(watermarkSeconds: number): Promise<void> {
    this.asked.push('trim')
    await super.trimSensorHours(watermarkSeconds)
  }
}

let store: ObservedStore
let counters: AggregatorCounters
let housekeeping: Housekeeping
let isBehind: boolean
let asksWhileBehind: number
let failures: Error[]

beforeEach(async () => {
  store = new ObservedStore()
  counters = new AggregatorCounters(true)
  isBehind = false
  asksWhileBehind = 0
  failures = []
  housekeeping = new Housekeeping({
    store,
    counters,
    isBehind: () => {
      if (isBehind) asksWhileBehind += 1
      return isBehind
    },
    log: (_, message) => failures.push(new Error(message)),
    onFailure: (error) => failures.push(error),
    intervalMs: INTERVAL_MS
  })
  await applyTo(store, 'a', { batches: [batch('a', 1, { watermarkSeconds: 104 * HOUR })] })
  await store.addSources([{ window: hour, series: 'all', ...addresses4(0, 5) }])
  await housekeeping.start()
})

afterEach(() => housekeeping.stop())

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1))
}

function times(what: string): number {
  return store.asked.filter((asked) => asked === what).length
}

test('sketches are closed and hours trimmed while the store is not behind', async () => {
  await until(() => times('trim') >= 1)
  await store.addSources([{ window: hour, series: 'all', ...addresses4(5, 9) }])

  expect((await store.sources(hour, ['all'])).get('all')).toBe(5)
  expect(await store.trimmedUpToSeconds()).toBe(97 * HOUR)
  expect(failures).toEqual([])
})

test('nothing is closed while the store is behind, and it is as soon as it is not', async () => {
  isBehind = true
  await until(() => times('late') >= 2 && asksWhileBehind >= 10)
  expect([times('close'), times('trim')]).toEqual([0, 0])

  isBehind = false
  await until(() => times('trim') >= 1)
  expect(failures).toEqual([])
})

test('late sources are read once an interval, whether the store is behind or not', async () => {
  await until(() => times('trim') >= 1)
  await store.addSources([{ window: hour, series: 'all', ...addresses4(0, 3) }])
  const before = times('late')
  isBehind = true

  await until(() => times('late') > before && counters.lateSources?.hour === 3)

  expect(counters.lateSources).toEqual({ minute: 0, hour: 3, day: 0 })
  expect(times('late')).toBeLessThan(asksWhileBehind + before + 2)
})

test('an aggregator ends when another has changed what the store keeps', async () => {
  store.changed = newSettings({ retention: { ...DEFAULT_RETENTION, dayDays: 900 }, dayZones: [] })

  await until(() => failures.length > 0)

  expect((failures[0] as StormpetrelError).code).toBe('SP_STORE_LAYOUT')
})

test('after stop nothing is asked any more', async () => {
  await until(() => times('trim') >= 1)
  await housekeeping.stop()
  const { length } = store.asked

  await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS))

  expect(store.asked.length).toBe(length)
})
