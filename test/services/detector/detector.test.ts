// The detector's service around a judge that is as simple as can be: what is judged, kept and told, and by whom.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { InProcessBus } from '../../../adapters/in-process-bus.ts'
import { MemoryStore } from '../../../adapters/memory-store.ts'
import { RedisSurgeStore } from '../../../adapters/redis-surge-store.ts'
import type { TopicName, TopicValues } from '../../../core/bus.ts'
import { StormpetrelError } from '../../../core/errors.ts'
import type { VantageWindow } from '../../../core/store/count-store.ts'
import { DEFAULT_RETENTION } from '../../../core/store/retention.ts'
import type { HourlyJudge, HourReading, JudgedSurge } from '../../../core/surges/hourly-judge.ts'
import type { SurgeChange } from '../../../core/surges/surge-change.ts'
import type { JudgedHour } from '../../../core/surges/surge-store.ts'
import { localSensorList } from '../../../core/telescope/sensor-list.ts'
import { Detector } from '../../../services/detector/detector.ts'
import { DetectorCounters } from '../../../services/detector/metrics.ts'
import { changesAtEnd } from '../../../services/detector/topic-end.ts'
import { applyTo, batch } from '../../adapters/count-store-suite.ts'
import { enrichedBatch } from '../../builders/batches.ts'
import { countPart } from '../../builders/counts.ts'
import { sharedRedis } from '../../stack/shared-stack.ts'

const HOUR = 3600
const START = 460_000 * HOUR
const INTERVAL_MS = 20

/** Opens a surge where a series has ten packets, and closes it where it has fewer. Its state is which are open since when. */
class TenPackets implements HourlyJudge {
  readonly hours: number[] = []
  readonly smallestCount = 1
  get hasLeftOut(): boolean {
    return hasLeftOut
  }
  readonly #open: Map<string, number>

  constructor(parts: readonly Uint8Array[] | null) {
    const text = parts === null ? '[]' : Buffer.from(parts[0]!).toString()
    this.#open = new Map(JSON.parse(text) as [string, number][])
  }

  get series(): number {
    return this.#open.size
  }

  judge({ startSeconds, series }: HourReading): JudgedSurge[] {
    this.hours.push(startSeconds)
    judgedHours.push(startSeconds)
    const end = startSeconds + HOUR
    const names = new Set([...series.keys(), ...this.#open.keys()])
    return [...names].sort().flatMap((name) => {
      const isHigh = (series.get(name)?.packets ?? 0) >= minimum
      const since = this.#open.get(name)
      if (isHigh === (since !== undefined)) return []
      if (isHigh) this.#open.set(name, end)
      else this.#open.delete(name)
      const detectedSeconds = since ?? end
      return [judgedSurge(name, isHigh ? 'open' : 'closed', detectedSeconds, isHigh ? null : startSeconds)]
    })
  }

  /** The same criterion, of what is there so far. */
  peek({ startSeconds, series }: HourReading): JudgedSurge[] {
    return [...series]
      .filter(([name, { packets }]) => packets >= minimum && !this.#open.has(name))
      .map(([name]) => judgedSurge(name, 'open', startSeconds + HOUR, null))
  }

  open(): JudgedSurge[] {
    return [...this.#open].map(([name, since]) => judgedSurge(name, 'open', since, null))
  }

  toParts(): Uint8Array[] {
    return [Buffer.from(JSON.stringify([...this.#open]))]
  }
}

function judgedSurge(
  series: string,
  state: JudgedSurge['state'],
  detectedSeconds: number,
  closedSeconds: number | null
): JudgedSurge {
  const onsetSeconds = detectedSeconds - HOUR
  const onset = { onsetSeconds, onsetFromSeconds: onsetSeconds - HOUR, onsetToSeconds: detectedSeconds }
  return { series, kind: 'step', state, ...onset, detectedSeconds, closedSeconds, ratio: 3, score: 0.001 }
}

/** A store that fails or dies where a test says so. */
class BreakableStore extends RedisSurgeStore {
  failsToSave = 0
  failsToNote = 0
  failsToLease = 0
  override async lease(holder: string, forMs: number): Promise<number | null> {
    if (this.failsToLease-- > 0) throw new StormpetrelError('SP_REDIS', 'away')
    return await super.lease(holder, forMs)
  }
  override async save(lease: number, hour: JudgedHour): Promise<boolean> {
    if (this.failsToSave-- > 0) throw new StormpetrelError('SP_REDIS', 'away')
    return await super.save(lease, hour)
  }
  override async sent(lease: number, changes: readonly SurgeChange[]): Promise<boolean> {
    if (this.failsToNote-- > 0) throw new StormpetrelError('SP_REDIS', 'away')
    return await super.sent(lease, changes)
  }
}

/** Counts that take their time, at most so long a window. */
class SlowCounts extends MemoryStore {
  delayMs = 0
  override async packets(window: VantageWindow): Promise<Map<string, number>> {
    await delay(this.delayMs)
    return await super.packets(window)
  }
}

/** A broker that takes nothing while a test says so. */
class BreakableBus extends InProcessBus {
  isAway = false
  override async publish<K extends TopicName>(
    topic: K,
    partition: number,
    values: readonly TopicValues[K][]
  ): Promise<number> {
    if (this.isAway) throw new StormpetrelError('SP_KAFKA', 'away')
    return await super.publish(topic, partition, values)
  }
}

let judgedHours: number[]
let hasLeftOut: boolean
/** What the detectors said as a warning. */
let warnings: string[]
let nowSeconds: number
/** Packets that are a surge. */
let minimum: number
let counts: SlowCounts
let bus: BreakableBus
let namespace: string
let stores: BreakableStore[]
let detectors: Detector[]
let failures: Error[]

beforeEach(() => {
  judgedHours = []
  hasLeftOut = false
  warnings = []
  minimum = 10
  nowSeconds = START + 4 * HOUR
  counts = new SlowCounts({ retention: DEFAULT_RETENTION, nowSeconds: () => nowSeconds })
  bus = new BreakableBus({ partitions: 1, maxUnreadRecords: 1000, nowMs: Date.now })
  namespace = `test:${randomUUID()}`
  stores = []
  detectors = []
  failures = []
})

afterEach(async () => {
  for (const detector of detectors) await detector.stop()
  for (const store of stores) await store.stop()
  await bus.stop()
  const redis = new Redis(await sharedRedis())
  const keys = await redis.keys(`${namespace}:*`)
  if (keys.length > 0) await redis.unlink(keys)
  await redis.quit()
  expect(failures).toEqual([])
})

async function startDetector(
  change: (store: BreakableStore) => void = () => undefined
): Promise<{ detector: Detector; counters: DetectorCounters; surges: BreakableStore }> {
  const surges = new BreakableStore(await sharedRedis(), namespace)
  await surges.start()
  change(surges)
  const counters = new DetectorCounters(0)
  const detector = new Detector({
    counts,
    surges,
    bus,
    group: `detector-${stores.length}`,
    sensors: localSensorList().sensors,
    samplesPackets: false,
    makeJudge: (parts) => new TenPackets(parts),
    pagesPerQuarter: 3,
    counters,
    log: (level, message) => {
      if (level === 'warn') warnings.push(message)
    },
    onFailure: (error) => failures.push(error),
    intervalMs: INTERVAL_MS,
    nowMs: () => Number.POSITIVE_INFINITY
  })
  stores.push(surges)
  detectors.push(detector)
  await detector.start()
  return { detector, counters, surges }
}

/** Packets of hours 0, 1, 2 ... of 23/TCP, and a watermark at the end of the last. */
async function count(packets: readonly number[], firstHour = 0): Promise<void> {
  const parts = packets.flatMap((each, hour) =>
    each === 0 ? [] : [countPart(START + (firstHour + hour) * HOUR, 'a', { 'port=23/TCP': each })]
  )
  const watermarkSeconds = START + (firstHour + packets.length) * HOUR
  await applyTo(counts, 'a', { batches: [batch('a', firstHour + 1, { watermarkSeconds })], counts: parts })
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** All that is on the topic: state and end of the hour of each change, and its id. */
async function told(): Promise<{ readonly id: string; readonly text: string }[]> {
  const changes = await changesAtEnd(bus, `reader-${randomUUID()}`, Number.POSITIVE_INFINITY)
  return changes.map(({ id, state, series, hourEndSeconds }) => ({
    id,
    text: `${series} ${state} ${(hourEndSeconds - START) / HOUR}`
  }))
}

const hours = (...numbers: number[]) => numbers.map((number) => START + number * HOUR)

test('every hour is judged once, from the first that is kept, and each change is told with an id of its own', async () => {
  await count([1, 12, 15, 2])
  const { counters } = await startDetector()
  await until(() => counters.judgedUpToSeconds === START + 4 * HOUR && counters.waitingChanges === 0)
  await until(() => counters.sentChanges === 2)

  expect(judgedHours).toEqual(hours(0, 1, 2, 3))
  const changes = await told()
  expect(changes.map(({ text }) => text)).toEqual(['port=23/TCP open 2', 'port=23/TCP closed 4'])
  const [opened, closed] = changes.map(({ id }) => id.split('-'))
  expect(opened![0]).toBe(closed![0])
  expect([opened![1], closed![1]]).toEqual(['1', '2'])
  expect(counters.open).toEqual([])
})

test('an hour waits for its sensors, a quarter of an hour at most', async () => {
  await count([1, 12])
  nowSeconds = START + 3 * HOUR + 899
  const { counters } = await startDetector()
  await until(() => counters.judgedUpToSeconds === START + 2 * HOUR)
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect(judgedHours).toEqual(hours(0, 1))
  expect(counters.open.map(({ series }) => series)).toEqual(['port=23/TCP'])

  nowSeconds += 1
  await until(() => counters.judgedUpToSeconds === START + 3 * HOUR)
  expect(judgedHours).toEqual(hours(0, 1, 2))
})

test('of two one judges, and the other goes on where it ended', async () => {
  await count([1, 12])
  nowSeconds = START + 2 * HOUR
  const first = await startDetector()
  await until(() => first.counters.sentChanges === 1)
  const second = await startDetector()
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect(second.counters.isJudging).toBe(false)

  await first.detector.stop()
  await count([11, 0], 2)
  nowSeconds = START + 4 * HOUR
  await until(() => second.counters.judgedUpToSeconds === START + 4 * HOUR)
  await until(() => second.counters.sentChanges === 1)
  expect(judgedHours).toEqual(hours(0, 1, 2, 3))
  expect((await told()).map(({ text }) => text)).toEqual(['port=23/TCP open 2', 'port=23/TCP closed 4'])
  expect(first.counters.open).toEqual([])
})

test('whoever dies between saving, sending and noting tells nothing twice and forgets nothing', async () => {
  await count([12, 1, 12, 1])
  // The first try is lost before it is saved, the second after it was sent.
  const { counters } = await startDetector((store) => {
    store.failsToSave = 1
    store.failsToNote = 1
  })
  await until(() => counters.failedRounds === 2 && counters.judgedUpToSeconds === START + 4 * HOUR)
  await until(() => counters.waitingChanges === 0 && counters.isJudging)

  const changes = await told()
  expect(changes.map(({ text }) => text)).toEqual([
    'port=23/TCP open 1',
    'port=23/TCP closed 2',
    'port=23/TCP open 3',
    'port=23/TCP closed 4'
  ])
  expect(new Set(changes.map(({ id }) => id)).size).toBe(4)
  const newest = await changesAtEnd(bus, `end-${randomUUID()}`, 2)
  expect(newest.map(({ id }) => id)).toEqual(changes.slice(2).map(({ id }) => id))
})

test('what is a surge before its hour is over is raised once, and confirmed or withdrawn when it is judged', async () => {
  await count([1, 12])
  nowSeconds = START + HOUR + 1200
  const { counters } = await startDetector()
  await until(() => counters.sentChanges === 1)
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect((await told()).map(({ text }) => text)).toEqual(['port=23/TCP early 2'])
  expect(counters.open.map(({ state }) => state)).toEqual(['early'])

  nowSeconds = START + 2 * HOUR + 900
  await until(() => counters.sentChanges === 2)
  const changes = await told()
  expect(changes.map(({ text }) => text)).toEqual(['port=23/TCP early 2', 'port=23/TCP open 2'])
  expect(changes.map(({ id }) => id.split('-')[1])).toEqual(['1', '2'])
  expect(changes[0]!.id.split('-')[0]).toBe(changes[1]!.id.split('-')[0])
})

test('a restarted detector knows what it raised early, and withdraws it where the hour does not bear it out', async () => {
  await count([1, 12])
  nowSeconds = START + HOUR + 1200
  const first = await startDetector()
  await until(() => first.counters.sentChanges === 1)
  await first.detector.stop()
  // Another judge: of ten packets it is not convinced.
  minimum = 100
  nowSeconds = START + 2 * HOUR + 900
  const second = await startDetector()
  await until(() => second.counters.sentChanges === 1)

  expect((await told()).map(({ text }) => text)).toEqual(['port=23/TCP early 2', 'port=23/TCP withdrawn 2'])
  expect(second.counters.open).toEqual([])
})

test('of two whose hours take longer than three looks one judges to the end, and no hour is begun for nothing again and again', async () => {
  await count(Array.from({ length: 12 }, (_, hour) => (hour % 3 === 1 ? 12 : 1)))
  nowSeconds = START + 12 * HOUR
  counts.delayMs = 5 * INTERVAL_MS
  const both = [await startDetector(), await startDetector()]
  await until(() => both.some(({ counters }) => counters.judgedUpToSeconds === START + 12 * HOUR))
  await until(async () => (await told()).length === 8)

  // Each may lose its lease once, before it knows how long an hour takes.
  expect(judgedHours.length).toBeLessThanOrEqual(12 + 2 * 2)
  expect(new Set((await told()).map(({ id }) => id)).size).toBe(8)
})

test('a broker that is away holds up no hour; what waits is told when it is back', async () => {
  await count([1, 12, 15, 2])
  bus.isAway = true
  const { counters } = await startDetector()
  await until(() => counters.judgedUpToSeconds === START + 4 * HOUR && counters.failedRounds >= 2)
  expect(counters.waitingChanges).toBe(2)

  await count([12], 4)
  nowSeconds = START + 5 * HOUR
  await until(() => counters.judgedUpToSeconds === START + 5 * HOUR)
  bus.isAway = false
  await until(() => counters.waitingChanges === 0)
  expect((await told()).map(({ text }) => text)).toEqual([
    'port=23/TCP open 2',
    'port=23/TCP closed 4',
    'port=23/TCP open 5'
  ])
})

test('a store that does not answer for a moment ends no surge', async () => {
  await count([1, 12])
  nowSeconds = START + 2 * HOUR
  const { counters, surges } = await startDetector()
  await until(() => counters.open.length === 1)
  surges.failsToLease = 3
  const shown: number[] = []
  await until(() => {
    shown.push(counters.open.length)
    return counters.failedRounds === 3
  })
  expect([new Set(shown), counters.isJudging]).toEqual([new Set([1]), true])
})

test('while old hours are judged, what was open in them is not shown', async () => {
  await count([...Array.from({ length: 60 }, () => 12), 1])
  nowSeconds = START + 61 * HOUR
  counts.delayMs = 1
  const shown: number[] = []
  const { counters } = await startDetector()
  await until(() => {
    shown.push(counters.open.length)
    return counters.judgedUpToSeconds === START + 61 * HOUR && counters.waitingChanges === 0
  })
  expect(new Set(shown)).toEqual(new Set([0]))
  expect((await told()).map(({ text }) => text)).toEqual(['port=23/TCP open 1', 'port=23/TCP closed 61'])
})

test('no hour is judged by the clock while what had come by then is not counted', async () => {
  await count([1, 12])
  // What a store has lost is still in the topic.
  await bus.publish('packets.enriched', 0, [enrichedBatch([{}])])
  nowSeconds = START + 3 * HOUR + 900
  const { counters } = await startDetector()
  await until(() => counters.judgedUpToSeconds === START + 2 * HOUR)
  await delay(5 * INTERVAL_MS)
  expect(judgedHours).toEqual(hours(0, 1))

  const spans = [{ topic: 'packets.enriched', partition: 0, from: 0, to: 1 }]
  for (let slot = 0; slot < counts.slots; slot++)
    await counts.applySlot({ slot, spans, batches: [], known: [], counts: [], sources: [] })
  await until(() => counters.judgedUpToSeconds === START + 3 * HOUR)
})

test('one that has just begun shows how far it had come, before it has judged anything', async () => {
  await count([1, 12])
  nowSeconds = START + 2 * HOUR
  const first = await startDetector()
  await until(() => first.counters.judgedUpToSeconds === START + 2 * HOUR)
  const second = await startDetector()
  expect([second.counters.isJudging, second.counters.judgedUpToSeconds]).toEqual([false, START + 2 * HOUR])
})

test('what was to be told when its state was forgotten is told, and old surges anew under the same names', async () => {
  await count([12, 1, 12])
  nowSeconds = START + 3 * HOUR
  bus.isAway = true
  const first = await startDetector()
  await until(
    () => first.counters.judgedUpToSeconds === START + 3 * HOUR && first.counters.waitingChanges === 3
  )
  expect(await first.surges.forget()).toBe(false)
  await first.detector.stop()
  expect(await first.surges.forget()).toBe(true)
  bus.isAway = false

  const second = await startDetector()
  await until(() => second.counters.judgedUpToSeconds === START + 3 * HOUR)
  await until(() => second.counters.sentChanges === 6 && second.counters.waitingChanges === 0)
  const changes = await told()
  const once = ['port=23/TCP open 1', 'port=23/TCP closed 2', 'port=23/TCP open 3']
  expect(changes.map(({ text }) => text)).toEqual([...once, ...once])
  expect(judgedHours).toEqual([...hours(0, 1, 2), ...hours(0, 1, 2)])
  expect(new Set(changes.map(({ id }) => id)).size).toBe(6)
  expect(new Set(changes.map(({ id }) => id.split('-')[0])).size).toBe(2)
  expect(second.counters.open.map(({ hourEndSeconds }) => hourEndSeconds)).toEqual([START + 3 * HOUR])
})

test('series that are left out for want of room are told once, and again when there are such anew', async () => {
  hasLeftOut = true
  await count([1, 1, 1])
  nowSeconds = START + 3 * HOUR
  const { counters } = await startDetector()
  await until(() => counters.judgedUpToSeconds === START + 3 * HOUR)
  for (let hour = 3; hour < 6; hour++) {
    hasLeftOut = hour !== 4
    await count([1], hour)
    nowSeconds = START + (hour + 1) * HOUR
    await until(() => counters.judgedUpToSeconds === nowSeconds)
    const times = hour === 5 ? 2 : 1
    expect(warnings.map((each) => each.split(';')[0])).toEqual(
      Array.from({ length: times }, () => 'there are more series than the detector keeps')
    )
  }
})
