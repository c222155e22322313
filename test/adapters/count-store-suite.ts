// One suite for every CountStore: what is tested here holds for all of them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type {
  CountPart,
  CountStore,
  FencedBatch,
  OffsetSpan,
  SlotOutcome,
  SourcePart,
  VantageWindow
} from '../../core/store/count-store.ts'
import { DEFAULT_RETENTION, type Retention } from '../../core/store/retention.ts'
import { unexplainedFrames } from '../../core/store/ledger.ts'
import { slotOf } from '../../core/store/slot.ts'
import { RETIRED_AFTER_SECONDS } from '../../core/store/watermark.ts'
import type { WindowSize } from '../../core/windows/window.ts'
import { countPart, type SeriesPackets } from '../builders/counts.ts'
import { addresses4, addresses6, ALL, sourcePart, tcp } from '../builders/sources.ts'

/** Makes a store that holds nothing yet, with the clock of today; the suite starts, stops and clears it. */
export type MakeStore = (retention: Retention | null) => Promise<CountStore>

const topic = 'packets.enriched'
const applied: SlotOutcome = { kind: 'applied', expiredPackets: {} }
const thisHour = Math.floor(Date.now() / 3_600_000) * 3600

export function span(from: number, to: number, partition = 0): OffsetSpan {
  return { topic, partition, from, to }
}

export function window(size: WindowSize, startSeconds: number, vantage = 'all', zone = 'UTC'): VantageWindow {
  return { size, zone, startSeconds, vantage }
}

export function batch(sensor: string, number: number, over: Partial<FencedBatch> = {}): FencedBatch {
  return {
    name: { sensor, epoch: 'e1', lane: 0, number },
    digest: `digest ${sensor} ${number}`,
    countedPackets: 10,
    rejectedFrames: [],
    framesBefore: 0,
    closedAtMs: 0,
    kernelDrops: 0,
    declaredLosses: [],
    observedFromMs: null,
    watermarkSeconds: thisHour + number,
    ...over
  }
}

interface Part {
  readonly spans?: readonly OffsetSpan[]
  readonly batches?: readonly FencedBatch[]
  readonly known?: readonly FencedBatch['name'][]
  readonly counts?: readonly CountPart[]
  readonly sources?: readonly SourcePart[]
}

/** What an aggregator does once a minute, with nothing left to be counted. */
async function tidy(store: CountStore, watermarkSeconds: number): Promise<void> {
  await store.roll(watermarkSeconds)
  await store.closeSources(watermarkSeconds, [])
}

/** Applies to the slot of a sensor. */
export function applyTo(store: CountStore, sensor: string, part: Part): Promise<SlotOutcome> {
  const slot = slotOf(sensor, store.slots)
  return store.applySlot({
    slot,
    spans: [],
    batches: [],
    known: [],
    counts: [],
    sources: [],
    ...part
  })
}

export function describeCountStore(name: string, make: MakeStore): void {
  describe(name, () => {
    let store: CountStore

    beforeEach(async () => {
      store = await make(null)
      await store.start()
    })

    test('tells how long it keeps windows', async () => {
      expect(await store.settings()).toEqual({ retention: null, earlier: [], zones: {} })
      await startLive()
      expect(await store.settings()).toEqual({ retention: DEFAULT_RETENTION, earlier: [], zones: {} })
    })

    afterEach(async () => {
      await store.clear()
      await store.stop()
    })

    async function startLive(): Promise<void> {
      await store.stop()
      store = await make(DEFAULT_RETENTION)
      await store.start()
    }

    describeFence(() => store)
    describeCounts(() => store)
    describeSources(() => store, startLive)
    describePutWindows(() => store, startLive)
    describeLife(() => store, startLive)
  })
}

function describeFence(current: () => CountStore): void {
  describe('the fence', () => {
    test('an offset is 0 until every slot has moved, then the least of them', async () => {
      const store = current()
      expect(await store.nextOffset(topic, 0)).toBe(0)

      for (let slot = 0; slot < store.slots; slot++) {
        const spans = [span(0, 7 + slot)]
        const request = { slot, spans, batches: [], known: [], counts: [], sources: [] }
        expect(await store.applySlot(request)).toEqual(applied)
      }
      expect(await store.nextOffset(topic, 0)).toBe(7)
      expect(await store.nextOffset(topic, 1)).toBe(0)
      expect(await store.countedUpTo(topic, 2)).toEqual([7, 0])
      expect(await store.countedUpTo(topic, 0)).toEqual([])
    })

    test('a batch that was counted changes nothing the second time, alone or beside new ones', async () => {
      const store = current()
      const counts = [countPart(thisHour, 'a', { all: 10 })]
      await applyTo(store, 'a', { spans: [span(0, 1)], batches: [batch('a', 1)], counts })

      const again = await applyTo(store, 'a', {
        spans: [span(0, 2)],
        batches: [batch('a', 2), batch('a', 1), batch('a', 1, { digest: 'other' })],
        counts
      })

      expect(again).toEqual({
        kind: 'seen',
        seen: [
          { index: 1, how: 'same' },
          { index: 2, how: 'other' }
        ]
      })
      expect(await store.packets(window('minute', thisHour))).toEqual(new Map([['all', 10]]))
      expect(await store.sensorTotals()).toMatchObject([{ sensor: 'a', countedPackets: 10 }])
      expect(await store.sensorTotals()).toEqual((await store.ledger()).sensors)
      expect(await applyTo(store, 'a', { spans: [span(2, 2)] })).toMatchObject({ kind: 'behind' })
    })

    test('a name that was seen and is not known any more makes the slot behind', async () => {
      const store = current()
      await applyTo(store, 'a', { spans: [span(0, 2)], batches: [batch('a', 1)] })
      const known = [batch('a', 1).name]

      const again = { spans: [span(2, 3)], batches: [batch('a', 2)], known }
      expect(await applyTo(store, 'a', again)).toEqual(applied)
      const unknown = [...known, batch('a', 9).name]
      expect(
        await applyTo(store, 'a', { spans: [span(3, 4)], batches: [batch('a', 3)], known: unknown })
      ).toEqual({ kind: 'behind', partition: 0, storedOffset: 3 })
      expect((await store.sensorTotals())[0]!.countedPackets).toBe(20)
      await expect(applyTo(store, 'a', { known })).rejects.toThrow(RangeError)
    })

    test('a name twice in one call changes nothing', async () => {
      const store = current()

      expect(await applyTo(store, 'a', { batches: [batch('a', 1), batch('a', 1)] })).toEqual({
        kind: 'seen',
        seen: [{ index: 1, how: 'same' }]
      })
      expect(await applyTo(store, 'a', { batches: [batch('a', 1)] })).toEqual(applied)
    })

    test('a store that knows less than its caller says how far it is, and counts nothing', async () => {
      const store = current()
      await applyTo(store, 'a', { spans: [span(0, 5), span(0, 6, 1)] })

      const outcome = await applyTo(store, 'a', {
        spans: [span(5, 8), span(7, 9, 1)],
        batches: [batch('a', 1)]
      })

      expect(outcome).toEqual({ kind: 'behind', partition: 1, storedOffset: 6 })
      expect((await store.ledger()).sensors).toEqual([])
    })

    test('a log that starts later raises every slot, and takes none back', async () => {
      const store = current()
      await applyTo(store, 'a', { spans: [span(0, 9), span(0, 3, 1)] })

      await store.trim(topic, 1, 6)
      expect(await store.nextOffset(topic, 1)).toBe(6)
      await store.trim(topic, 1, 4)

      expect(await store.nextOffset(topic, 1)).toBe(6)
      expect(await store.nextOffset(topic, 0)).toBe(store.slots === 1 ? 9 : 0)
      expect(await applyTo(store, 'a', { spans: [span(9, 10), span(6, 7, 1)] })).toEqual(applied)
      await expect(store.trim(topic, 0, -1)).rejects.toThrow(RangeError)
    })

    test('a request that breaks the contract is refused before anything changes', async () => {
      const store = current()
      const bad = applyTo(store, 'a', { batches: [batch('a', 1), batch('a', 0)] })

      await expect(bad).rejects.toThrow(RangeError)
      await expect(applyTo(store, 'a', { spans: [span(3, 1)] })).rejects.toThrow(RangeError)
      const sources = [sourcePart(thisHour + 1, [[ALL, addresses4(0, 1)]])]
      await expect(applyTo(store, 'a', { sources })).rejects.toThrow(RangeError)
      expect((await store.ledger()).sensors).toEqual([])
    })

    test('a sensor that is retired holds back no watermark, one that is merely late does', async () => {
      const store = current()
      const seen = (sensor: string, watermarkSeconds: number) =>
        applyTo(store, sensor, { batches: [batch(sensor, 1, { watermarkSeconds })] })
      await seen('retired', thisHour - RETIRED_AFTER_SECONDS - 1)
      expect(await store.watermarkSeconds()).toBe(thisHour - RETIRED_AFTER_SECONDS - 1)

      await seen('new', thisHour)
      expect(await store.watermarkSeconds()).toBe(thisHour)
      await seen('late', thisHour - RETIRED_AFTER_SECONDS)

      expect(await store.watermarkSeconds()).toBe(thisHour - RETIRED_AFTER_SECONDS)
    })

    test('totals and watermarks follow the batches, sensor by sensor', async () => {
      const store = current()
      const rejectedFrames = [
        { reason: 'not-ip', frames: 2 },
        { reason: 'clock', frames: 1 }
      ]
      await applyTo(store, 'b', { batches: [batch('b', 1, { watermarkSeconds: 0 })] })
      expect(await store.watermarkSeconds()).toBe(0)

      await applyTo(store, 'b', { batches: [batch('b', 9), batch('b', 5, { rejectedFrames })] })
      await applyTo(store, 'a', { batches: [batch('a', 7, { rejectedFrames })] })

      expect(await store.watermarkSeconds()).toBe(thisHour + 7)
      expect((await store.ledger()).sensors).toMatchObject([
        { sensor: 'a', countedPackets: 10, rejectedFrames: { 'not-ip': 2, clock: 1 } },
        { sensor: 'b', countedPackets: 30, rejectedFrames: { 'not-ip': 2, clock: 1 } }
      ])
      const newest = { a: thisHour + 7, b: thisHour + 9 }
      expect(await store.sensorWatermarks()).toEqual(new Map(Object.entries(newest)))
    })
  })
  describeLedger(current)
}

/** Ten packets of sensor a, behind ten of each number before. */
function laneBatch(number: number, over: Partial<FencedBatch> = {}): FencedBatch {
  return batch('a', number, { framesBefore: (number - 1) * 10, closedAtMs: number * 1000, ...over })
}

const NOTHING_MISSING = { droppedFrames: 0, lostFrames: 0, gapFrames: 0, kernelDroppedPackets: 0 }

function describeLedger(current: () => CountStore): void {
  const sensorA = async () => (await current().ledger()).sensors[0]!

  describe('the ledger', () => {
    test('what was captured is counted, rejected or missing, and adds up at every step', async () => {
      const store = current()
      const rejectedFrames = [{ reason: 'not-ip', frames: 4 }]
      const apply = async (...batches: FencedBatch[]) => {
        expect(await applyTo(store, 'a', { batches })).toEqual(applied)
        expect(unexplainedFrames(await sensorA())).toBe(0)
      }

      await apply(laneBatch(1), laneBatch(2, { countedPackets: 6, rejectedFrames }))
      expect(await sensorA()).toEqual({
        sensor: 'a',
        capturedFrames: 20,
        countedPackets: 16,
        rejectedFrames: { 'not-ip': 4 },
        ...NOTHING_MISSING
      })
      await apply(laneBatch(7))
      expect(await sensorA()).toMatchObject({ capturedFrames: 70, countedPackets: 26, gapFrames: 40 })
      expect((await store.ledger()).gaps).toEqual([
        {
          sensor: 'a',
          epoch: 'e1',
          lane: 0,
          from: 3,
          to: 6,
          frames: 40,
          state: 'open',
          sinceSeconds: 2,
          untilSeconds: 7
        }
      ])
      await apply(laneBatch(4))
      expect((await store.ledger()).gaps).toMatchObject([
        { from: 3, to: 3, frames: 10 },
        { from: 5, to: 6, frames: 20 }
      ])
      await apply(laneBatch(5), laneBatch(3), laneBatch(6))
      expect(await sensorA()).toMatchObject({ capturedFrames: 70, countedPackets: 66, ...NOTHING_MISSING })
      expect((await store.ledger()).gaps).toEqual([])
    })

    test('what the spool dropped is closed, and a copy that comes late is refused by that name', async () => {
      const store = current()
      const drop = { epoch: 'e1', lane: 0, kind: 'spool-drop' as const, from: 2, to: 4, frames: 30 }
      await applyTo(store, 'a', { batches: [laneBatch(1), laneBatch(6, { declaredLosses: [drop] })] })

      expect(await sensorA()).toMatchObject({ capturedFrames: 60, droppedFrames: 30, gapFrames: 10 })
      expect((await store.ledger()).gaps).toMatchObject([
        { from: 2, to: 4, frames: 30, state: 'dropped', sinceSeconds: 6 },
        { from: 5, to: 5, frames: 10, state: 'open' }
      ])
      expect(await applyTo(store, 'a', { batches: [laneBatch(3), laneBatch(1)] })).toEqual({
        kind: 'seen',
        seen: [
          { index: 0, how: 'closed' },
          { index: 1, how: 'same' }
        ]
      })

      // It is declared until a batch that carries it is acknowledged.
      await applyTo(store, 'a', { batches: [laneBatch(5), laneBatch(7, { declaredLosses: [drop] })] })
      expect(await sensorA()).toMatchObject({ capturedFrames: 70, droppedFrames: 30, gapFrames: 0 })
      expect(unexplainedFrames(await sensorA())).toBe(0)
    })

    test('a declared drop of a number that was seen is ignored', async () => {
      const drop = { epoch: 'e1', lane: 0, kind: 'spool-drop' as const, from: 1, to: 2, frames: 20 }
      await applyTo(current(), 'a', { batches: [laneBatch(1), laneBatch(2)] })
      await applyTo(current(), 'a', { batches: [laneBatch(3, { declaredLosses: [drop] })] })

      expect(await sensorA()).toMatchObject({ capturedFrames: 30, countedPackets: 30, ...NOTHING_MISSING })
    })

    test('the end of an epoch shows what was lost behind its last batch, and of an epoch that never came', async () => {
      const store = current()
      const end = { lane: 0, kind: 'epoch-end' as const, to: 0 }
      const next = laneBatch(1, {
        name: { sensor: 'a', epoch: 'e2', lane: 0, number: 1 },
        declaredLosses: [
          { ...end, epoch: 'e1', from: 5, frames: 40 },
          { epoch: 'e1', lane: 0, kind: 'spool-drop', from: 4, to: 4, frames: 10 },
          { ...end, epoch: 'e0', from: 3, frames: 15 }
        ]
      })
      await applyTo(store, 'a', { batches: [laneBatch(1)] })
      await applyTo(store, 'a', { batches: [next] })

      expect(await sensorA()).toMatchObject({ capturedFrames: 65, countedPackets: 20, gapFrames: 35 })
      expect(await sensorA()).toMatchObject({ droppedFrames: 10 })
      expect((await store.ledger()).gaps).toMatchObject([
        { epoch: 'e0', from: 1, to: 2, frames: 15, untilSeconds: null },
        { epoch: 'e1', from: 2, to: 3, frames: 20, sinceSeconds: 1, untilSeconds: 1 },
        { epoch: 'e1', from: 4, to: 4, state: 'dropped' }
      ])
      // A hole at the end of an epoch is filled like any other.
      await applyTo(store, 'a', { batches: [laneBatch(3), laneBatch(2)] })
      expect(await sensorA()).toMatchObject({ capturedFrames: 65, gapFrames: 15 })
      expect(unexplainedFrames(await sensorA())).toBe(0)
    })

    test('beyond a thousand ranges the lowest holes are closed as lost', async () => {
      const store = current()
      const odd = Array.from({ length: 1003 }, (_, i) => laneBatch(2 * i + 1))
      await applyTo(store, 'a', { batches: odd })

      expect(await sensorA()).toMatchObject({ lostFrames: 30, gapFrames: 9990, capturedFrames: 20_050 })
      expect(unexplainedFrames(await sensorA())).toBe(0)
      expect(await applyTo(store, 'a', { batches: [laneBatch(4), laneBatch(8)] })).toEqual({
        kind: 'seen',
        seen: [{ index: 0, how: 'closed' }]
      })
      expect(await applyTo(store, 'a', { batches: [laneBatch(8)] })).toEqual(applied)
    })

    test('a message that could not be read takes its place between its neighbours', async () => {
      const unread = {
        countedPackets: 0,
        rejectedFrames: [{ reason: 'not-avro', frames: 10 }],
        framesBefore: 0
      }
      await applyTo(current(), 'a', { batches: [laneBatch(1), laneBatch(2, unread), laneBatch(3)] })
      await applyTo(current(), 'a', { batches: [laneBatch(6)] })
      await applyTo(current(), 'a', { batches: [laneBatch(5, unread)] })

      expect(await sensorA()).toMatchObject({ capturedFrames: 60, countedPackets: 30, gapFrames: 10 })
      expect(unexplainedFrames(await sensorA())).toBe(0)
    })

    test('between two lives of a sensor on an interface nobody observed; of one on files everybody did', async () => {
      const life = (epoch: string, observedFromMs: number | null, closedAtMs: number) =>
        laneBatch(1, { name: { sensor: 'a', epoch, lane: 0, number: 1 }, observedFromMs, closedAtMs })
      await applyTo(current(), 'a', { batches: [life('e1', 1000, 5000), laneBatch(2, { closedAtMs: 9000 })] })
      await applyTo(current(), 'a', { batches: [life('e2', 8000, 9000), life('e3', 20_000, 21_000)] })
      await applyTo(current(), 'a', { batches: [life('e4', null, 90_000)] })

      expect((await current().ledger()).unobserved).toEqual([
        { sensor: 'a', fromMs: 5000, toMs: 8000 },
        { sensor: 'a', fromMs: 9000, toMs: 20_000 }
      ])
    })

    test('kernel drops of an epoch rise, and are added over epochs', async () => {
      const other = { name: { sensor: 'a', epoch: 'e2', lane: 0, number: 1 } }
      await applyTo(current(), 'a', {
        batches: [laneBatch(1, { kernelDrops: 5 }), laneBatch(2, { kernelDrops: 7 })]
      })
      await applyTo(current(), 'a', {
        batches: [laneBatch(3, { kernelDrops: 6 }), laneBatch(1, { ...other, kernelDrops: 3 })]
      })

      expect(await sensorA()).toMatchObject({ kernelDroppedPackets: 10 })
    })

    test('records that were deleted before they were counted are lost', async () => {
      const store = current()
      await applyTo(store, 'a', { spans: [span(0, 4)] })
      await store.trim(topic, 0, 3)
      await store.trim(topic, 0, 9)
      await store.trim(topic, 0, 9)

      // Other slots knew of less, and lost the same records.
      expect((await store.ledger()).lostRecords.filter(({ to }) => to === 9)).toMatchObject([
        { topic, partition: 0, to: 9 }
      ])
    })
  })
}

function describeCounts(current: () => CountStore): void {
  describe('packets', () => {
    test('minutes add up over calls, sensors and equal parts of one call; windows are apart', async () => {
      const store = current()
      const dayStart = 2 * 86_400
      const parts = (sensor: string) => [
        countPart(dayStart, sensor, { all: 1, 'port=23/TCP,tag=mirai': 2 }, ['all', 'JP']),
        countPart(dayStart, sensor, { all: 4 }, ['all', 'JP']),
        countPart(dayStart + 60, sensor, { all: 2 ** 40 }),
        countPart(dayStart - 60, sensor, { all: 8 })
      ]
      for (const sensor of ['a', 'b', 'c']) await applyTo(store, sensor, { counts: parts(sensor) })

      const mirai: [string, number] = ['port=23/TCP,tag=mirai', 6]
      const found = async (...asked: Parameters<typeof window>) => await store.packets(window(...asked))
      expect(await found('minute', dayStart)).toEqual(new Map([['all', 15], mirai]))
      expect(await found('minute', dayStart + 60, 'JP')).toEqual(new Map())
      expect(await found('hour', dayStart)).toEqual(new Map([['all', 15 + 3 * 2 ** 40], mirai]))
      expect(await found('hour', dayStart, 'JP')).toEqual(new Map([['all', 15], mirai]))
      expect(await found('hour', dayStart - 3600)).toEqual(new Map([['all', 24]]))
      expect(await found('day', dayStart)).toEqual(new Map([['all', 15 + 3 * 2 ** 40], mirai]))
      expect(await found('day', dayStart - 86_400)).toEqual(new Map([['all', 24]]))
    })

    test('windows come in order of start, and vantages sorted', async () => {
      const store = current()
      const counts = [7200, 60, 600, 3600].map((start) => countPart(start, 'a'))
      await applyTo(store, 'a', { counts })
      await applyTo(store, 'b', {
        counts: [countPart(120, 'b', { all: 1 }, ['all', 'JP']), countPart(86_400, 'b', { all: 1 }, ['a|b'])]
      })

      for (const pastSeconds of [0, 3000, 100_000]) {
        await store.roll(pastSeconds)
        expect(await store.windows('minute', 'UTC', 'all')).toEqual([60, 120, 600, 3600, 7200])
        expect(await store.windows('minute', 'UTC', 'JP')).toEqual([120])
        expect(await store.windows('hour', 'UTC', 'all')).toEqual([0, 3600, 7200])
        expect(await store.windows('day', 'Asia/Tokyo', 'a|b')).toEqual([])
        expect(await store.windows('day', 'UTC', 'a|b')).toEqual([86_400])
        expect(await store.vantages()).toEqual(['JP', 'all', 'a|b'])
      }
    })

    test('a window of many thousand series is kept whole', async () => {
      const store = current()
      const series = Object.fromEntries(
        Array.from({ length: 20_000 }, (_, port) => [`port=${port}/TCP`, port + 1])
      )
      const some = Object.fromEntries(Object.entries(series).slice(0, 9001))

      expect(await applyTo(store, 'a', { counts: [countPart(60, 'a', series)] })).toEqual(applied)
      expect(await applyTo(store, 'a', { counts: [countPart(60, 'a', some)] })).toEqual(applied)

      for (const pastSeconds of [0, 7200]) {
        await store.roll(pastSeconds)
        const packets = await store.packets(window('minute', 60))
        expect(packets.size).toBe(20_000)
        expect(packets.get('port=9000/TCP')).toBe(18_002)
        expect(packets.get('port=9001/TCP')).toBe(9002)
      }
    })

    test('rolling changes no number, whenever and however often it is done', async () => {
      const store = current()
      const start = 100 * 86_400
      const sensors = ['a', 'b', 'c', 'd']
      let number = 0
      const add = (minute: number) =>
        Promise.all(
          sensors.map((sensor, i) => {
            const vantages = i % 2 === 0 ? ['all', 'JP'] : ['all']
            const series: SeriesPackets = { all: 3, [`port=${minute}/TCP`]: 2, 'region=JP': i + 1 }
            return applyTo(store, sensor, {
              batches: [batch(sensor, ++number)],
              counts: [countPart(start + minute * 60, sensor, series, vantages)]
            })
          })
        )
      const numbers = async () => [
        await store.packets(window('day', start)),
        await store.packets(window('hour', start + 3600, 'JP')),
        await store.packets(window('minute', start + 61 * 60)),
        (await store.sensorPackets(start)).get('c')
      ]
      for (let minute = 0; minute < 70; minute++) await add(minute)
      const before = await numbers()
      expect(await store.sensorsAt(start)).toEqual([...sensors].sort())
      expect(before[0]!.get('all')).toBe(70 * 4 * 3)
      expect(before[1]!.get('region=JP')).toBe(10 * 4)
      expect(before[3]!.get('all')).toBe(180)
      for (const pastSeconds of [
        start + 90,
        start + 4000,
        start + 8000,
        start + 8000,
        Number.POSITIVE_INFINITY
      ]) {
        await Promise.all([store.roll(pastSeconds), store.roll(pastSeconds)])
        expect(await numbers()).toEqual(before)
      }

      // What comes late for a minute is rolled again.
      await Promise.all([add(61), store.roll(start + 8000)])
      await add(61)
      const after = await numbers()
      expect(after[0]!.get('all')).toBe(72 * 4 * 3)
      expect(after[2]!.get('port=61/TCP')).toBe(3 * 4 * 2)
      await store.roll(start + 8000)
      expect(await numbers()).toEqual(after)
    })

    test('sensors are kept by hour, and later only the two busiest of each series', async () => {
      const store = current()
      const hour = 360_000
      const watermarkSeconds = hour + 7 * 3600
      const add = (sensor: string, ...series: SeriesPackets[]) =>
        applyTo(store, sensor, {
          batches: [batch(sensor, ++number, { watermarkSeconds })],
          counts: series.map((one, minute) => countPart(hour + minute * 60, sensor, one))
        })
      let number = 0
      await add('a', { all: 5, 'port=23/TCP': 1 })
      await add('b', { all: 2, 'region=JP': 2 }, { all: 1, 'region=JP': 1 })
      await add('c', { all: 4, 'region=JP': 4 })
      await add('d', { all: 5, 'region=JP': 5 })

      await store.trimSensorHours(watermarkSeconds - 1)
      expect((await store.sensorPackets(hour)).size).toBe(4)
      await store.roll(watermarkSeconds)
      expect((await store.sensorPackets(hour)).size).toBe(4)
      await Promise.all([store.trimSensorHours(watermarkSeconds), store.trimSensorHours(watermarkSeconds)])

      const trimmed = new Map(
        Object.entries({
          a: { all: 5, 'port=23/TCP': 1 },
          b: { all: 3 },
          c: { all: 4, 'region=JP': 4 },
          d: { all: 5, 'region=JP': 5 }
        }).map(([sensor, series]) => [sensor, new Map(Object.entries(series))])
      )
      expect(await store.sensorPackets(hour)).toEqual(trimmed)
      expect(await store.sensorPackets(hour + 3600)).toEqual(new Map())
      expect(await store.sensorsAt(hour)).toEqual(['a', 'b', 'c', 'd'])
      expect(await store.sensorsAt(hour + 3600)).toEqual([])

      await add('b', { all: 1, 'region=JP': 1 })
      expect((await store.sensorPackets(hour)).get('b')).toEqual(
        new Map([
          ['all', 4],
          ['region=JP', 1]
        ])
      )
      await store.roll(watermarkSeconds)
      await store.trimSensorHours(hour + 8 * 3600)
      expect((await store.sensorPackets(hour)).get('b')).toEqual(new Map([['all', 4]]))
    })

    test('the mark of what is trimmed rises with the watermark and never falls', async () => {
      const store = current()
      expect(await store.trimmedUpToSeconds()).toBeNull()
      await store.trimSensorHours(100 * 3600)
      expect(await store.trimmedUpToSeconds()).toBe(93 * 3600)

      await store.trimSensorHours(50 * 3600)
      expect(await store.trimmedUpToSeconds()).toBe(93 * 3600)
      await store.trimSensorHours(101 * 3600)

      expect(await store.trimmedUpToSeconds()).toBe(94 * 3600)
    })

    test('equal sensors of an hour are ranked by name', async () => {
      const store = current()
      for (const sensor of ['d', 'b', 'c', 'a']) {
        const batches = [batch(sensor, 1)]
        const counts = [countPart(3600, sensor, { all: 9, 'region=JP': 9 })]
        await applyTo(store, sensor, { batches, counts })
      }
      await store.roll(100_000)
      await store.trimSensorHours(100_000)

      const kept = [...(await store.sensorPackets(3600))].filter(([, series]) => series.has('region=JP'))
      expect(kept.map(([sensor]) => sensor).sort()).toEqual(['a', 'b'])
    })
  })
}

function describeSources(current: () => CountStore, startLive: () => Promise<void>): void {
  describe('sources', () => {
    test('each is counted once a series, hour and day, IPv4 and IPv6, whichever sensors saw it', async () => {
      const store = current()
      const sources = [
        sourcePart(3600, [
          [ALL, [...addresses4(0, 60), ...addresses6(0, 40)]],
          [tcp(23), addresses4(0, 3)]
        ]),
        sourcePart(3600, [[ALL, addresses4(50, 70)]]),
        sourcePart(2700, [[ALL, addresses4(0, 5)]]),
        sourcePart(3600, [[ALL, addresses4(0, 1)]], ['JP'])
      ]
      for (const sensor of ['a', 'b', 'a']) await applyTo(store, sensor, { sources })

      const hour = await store.sources(window('hour', 3600), ['all', 'port=23/TCP', 'port=80/TCP', 'none'])
      expect([...hour.keys()]).toEqual(['all', 'port=23/TCP', 'port=80/TCP', 'none'])
      expect([...hour.values()].slice(1)).toEqual([3, 0, 0])
      expect(Math.abs(hour.get('all')! - 110)).toBeLessThanOrEqual(3)
      expect(await store.sources(window('hour', 0), ['all'])).toEqual(new Map([['all', 5]]))
      expect(await store.sources(window('hour', 3600, 'JP'), ['all'])).toEqual(new Map([['all', 1]]))
      expect((await store.sources(window('day', 0), ['all'])).get('all')).toBe(hour.get('all'))
    })

    test('many sources of one series, and many series, are within three standard errors', async () => {
      const store = current()
      const ports = Array.from({ length: 5000 }, (_, port) => port)
      const one = addresses4(0, 1)
      await applyTo(store, 'a', {
        sources: [
          sourcePart(3600, [[ALL, addresses4(0, 50_000)], ...ports.map((port) => [tcp(port), one] as const)])
        ]
      })

      const series = ports.map((port) => `port=${port}/TCP`)
      const sources = await store.sources(window('hour', 3600), ['all', ...series])

      expect(Math.abs(sources.get('all')! / 50_000 - 1)).toBeLessThan(0.0243)
      expect(series.filter((each) => sources.get(each) !== 1)).toEqual([])
    })

    test('sources of a refused flush are not added', async () => {
      const store = current()
      const sources = [sourcePart(0, [[ALL, addresses4(0, 1)]])]
      await applyTo(store, 'a', { spans: [span(5, 6)], sources })
      await applyTo(store, 'a', { batches: [batch('a', 1), batch('a', 1)], sources })

      expect(await store.sources(window('hour', 0), ['all'])).toEqual(new Map([['all', 0]]))
    })

    test('nothing is closed while a slot has counted less than it must', async () => {
      await startLive()
      const store = current()
      const start = thisHour - 5 * 3600
      await applyTo(store, 'a', { sources: [sourcePart(start, [[ALL, addresses4(0, 5)]])] })
      await store.roll(thisHour)
      const more = () => applyTo(store, 'a', { sources: [sourcePart(start, [[ALL, addresses4(5, 9)]])] })
      const countUpTo = async (slot: number, to: number) =>
        await store.applySlot({ slot, spans: [span(0, to)], batches: [], known: [], counts: [], sources: [] })
      const own = slotOf('a', store.slots)
      for (let slot = 0; slot < store.slots; slot++) await countUpTo(slot, slot === own ? 6 : 7)

      await store.closeSources(thisHour, [{ topic, partition: 0, to: 7 }])
      await more()
      await store.roll(thisHour)
      expect((await store.sources(window('hour', start), ['all'])).get('all')).toBe(9)

      await countUpTo(own, 7)
      await store.closeSources(thisHour, [{ topic, partition: 0, to: 7 }])
      await applyTo(store, 'a', { sources: [sourcePart(start, [[ALL, addresses4(20, 25)]])] })
      await store.roll(thisHour)
      expect((await store.sources(window('hour', start), ['all'])).get('all')).toBe(9)
    })

    test('a run closes no window', async () => {
      const store = current()
      await applyTo(store, 'a', { sources: [sourcePart(0, [[ALL, addresses4(0, 5)]])] })
      await tidy(store, thisHour)
      await applyTo(store, 'a', { sources: [sourcePart(0, [[ALL, addresses4(5, 9)]])] })

      expect((await store.sources(window('hour', 0), ['all'])).get('all')).toBe(9)
    })

    test('tidying changes no number, whenever and however often it is done', async () => {
      await startLive()
      const store = current()
      const quarters = [0, 1, 2, 3].map((quarter) => thisHour - 3600 + quarter * 900)
      const add = (from: number) =>
        Promise.all(
          quarters.map((quarter, i) =>
            applyTo(store, ['a', 'b', 'c'][i % 3]!, {
              sources: [
                sourcePart(quarter, [
                  [ALL, addresses4(from + i * 100, from + i * 100 + 150)],
                  [tcp(23), addresses4(i, i + 2)]
                ])
              ]
            })
          )
        )
      const hour = window('hour', thisHour - 3600)
      const day = window('day', Math.floor((thisHour - 3600) / 86_400) * 86_400)
      const numbers = async () =>
        await Promise.all([hour, day].map((one) => store.sources(one, ['all', 'port=23/TCP'])))
      await add(0)
      const before = await numbers()
      expect(before[0]!.get('port=23/TCP')).toBe(5)
      for (const watermark of [0, thisHour - 1800, thisHour, thisHour]) {
        await Promise.all([tidy(store, watermark), tidy(store, watermark)])
        expect(await numbers()).toEqual(before)
      }

      await add(0)
      expect(await numbers()).toEqual(before)
      await tidy(store, thisHour)
      expect(await numbers()).toEqual(before)
      await add(20_000)
      expect((await numbers())[0]!.get('all')).toBeGreaterThan(before[0]!.get('all')!)
      expect((await store.lateTotals()).lateSources).toEqual({ minute: 0, hour: 0, day: 0 })
    })

    test('a live store closes a window 2 hours or 2 days after its end; later sources are late', async () => {
      await startLive()
      const store = current()
      const hourStart = thisHour - 4 * 3600
      const dayStart = Math.floor(hourStart / 86_400) * 86_400
      const hour = window('hour', hourStart)
      const nextHour = window('hour', hourStart + 3600)
      const day = window('day', dayStart)
      const starts = [hourStart, hourStart + 3600]
      await applyTo(store, 'a', {
        sources: starts.map((start) =>
          sourcePart(start, [
            [ALL, addresses4(0, 600)],
            [tcp(23), addresses4(0, 2)]
          ])
        )
      })
      const before = await store.sources(hour, ['all', 'port=23/TCP'])

      await Promise.all([tidy(store, thisHour - 3600), tidy(store, thisHour - 3600)])
      await tidy(store, thisHour - 9 * 3600)
      const later = starts.map((start) =>
        sourcePart(start, [
          [tcp(23), addresses4(2, 5)],
          [tcp(80), addresses4(0, 1)]
        ])
      )
      await applyTo(store, 'b', {
        sources: later,
        // Packets that come late count, and bring no source to what is closed.
        counts: [countPart(hourStart, 'b', { all: 9, 'port=23/TCP': 6, 'port=80/TCP': 3 })]
      })
      await tidy(store, thisHour - 3600)

      const series = ['all', 'port=23/TCP', 'port=80/TCP']
      expect(await store.sources(hour, series)).toEqual(new Map([...before, ['port=80/TCP', 0]]))
      expect((await store.sources(nextHour, series)).get('port=23/TCP')).toBe(5)
      expect((await store.sources(day, series)).get('port=80/TCP')).toBe(1)
      expect((await store.lateTotals()).lateSources).toEqual({ minute: 0, hour: 4, day: 0 })

      await tidy(store, thisHour + 72 * 3600)
      const closed = await store.sources(day, series)
      await applyTo(store, 'b', { sources: [sourcePart(hourStart, [[tcp(80), addresses4(7, 9)]])] })
      await tidy(store, thisHour + 72 * 3600)
      expect(await store.sources(day, series)).toEqual(closed)
      expect((await store.lateTotals()).lateSources).toEqual({ minute: 0, hour: 6, day: 2 })
    })
  })
}

function describePutWindows(current: () => CountStore, startLive: () => Promise<void>): void {
  describe('windows that were counted elsewhere', () => {
    const old = thisHour - 30 * 86_400
    const counts = [
      { series: 'all', packets: 7, sources: 5 },
      { series: 'port=23/TCP,tag=mirai', packets: 4, sources: 4 },
      { series: 'tag=', packets: 3, sources: 1 }
    ]

    test('are there with their packets and sources, and only where nothing was', async () => {
      await startLive()
      const store = current()
      const day = window('day', Math.floor(old / 86_400) * 86_400, 'JP')
      for (const put of [window('hour', old), day]) {
        expect(await store.putWindow({ window: put, counts })).toBe('kept')
        expect(await store.putWindow({ window: put, counts: counts.slice(1) })).toBe('there')
        expect(await store.packets(put)).toEqual(
          new Map(counts.map(({ series, packets }) => [series, packets]))
        )
        const names = [...counts.map(({ series }) => series), 'asn=1']
        expect(await store.sources(put, names)).toEqual(
          new Map([...counts.map(({ series, sources }) => [series, sources] as const), ['asn=1', 0]])
        )
      }
      expect(await store.windows('hour', 'UTC', 'all')).toEqual([old])
      expect(await store.windows('day', 'UTC', 'JP')).toEqual([day.startSeconds])
      expect(await store.vantages()).toEqual(['JP', 'all'])
      expect(await store.packets(window('hour', old, 'JP'))).toEqual(new Map())
    })

    test('are left out where this store has counted some of it, rolled or not, or forgets it', async () => {
      await startLive()
      const store = current()
      await applyTo(store, 'a', { counts: [countPart(old, 'a', { all: 1 }, ['JP', 'all'])] })
      for (const pastSeconds of [0, thisHour]) {
        await store.roll(pastSeconds)
        expect(await store.putWindow({ window: window('hour', old), counts })).toBe('there')
        expect((await store.packets(window('hour', old))).get('all')).toBe(1)
      }
      expect(await store.putWindow({ window: window('hour', old, 'KR'), counts })).toBe('kept')
      expect(await store.putWindow({ window: window('hour', thisHour - 101 * 86_400), counts })).toBe(
        'not-kept'
      )
    })

    test('are left out where they are not over, or are days of a zone that is not counted', async () => {
      await startLive()
      const store = current()
      const now = await store.nowSeconds()
      const hour = Math.floor(now / 3600) * 3600
      expect(await store.putWindow({ window: window('hour', hour), counts })).toBe('not-over')
      expect(await store.putWindow({ window: window('hour', hour - 3600), counts })).toBe('kept')
      const tokyo = Math.floor(old / 86_400) * 86_400 + 15 * 3600
      const day = window('day', tokyo, 'all', 'Asia/Tokyo')
      expect(await store.putWindow({ window: day, counts })).toBe('not-kept')
      expect(await store.windows('day', 'Asia/Tokyo', 'all')).toEqual([])
    })

    test('are left out where the store may still count them: by the watermark, once it counts', async () => {
      await startLive()
      const store = current()
      const watermarkSeconds = old + 5 * 86_400
      const put = (size: 'hour' | 'day', endSeconds: number, vantage: string) => {
        const startSeconds = endSeconds - (size === 'hour' ? 3600 : 86_400)
        return store.putWindow({ window: window(size, startSeconds, vantage), counts })
      }
      const day = Math.floor(watermarkSeconds / 86_400) * 86_400 - 86_400
      expect(await put('hour', watermarkSeconds, 'KR')).toBe('kept')
      await applyTo(store, 'a', { batches: [batch('a', 1, { watermarkSeconds })] })

      expect(await put('hour', watermarkSeconds - 3600, 'JP')).toBe('not-over')
      expect(await put('day', day, 'JP')).toBe('not-over')
      expect(await store.vantages()).toEqual(['KR'])
      expect(await put('hour', watermarkSeconds - 2 * 3600, 'JP')).toBe('kept')
      expect(await put('day', day - 86_400, 'JP')).toBe('kept')
    })

    test('packets that come late are added to them', async () => {
      await startLive()
      const store = current()
      await store.putWindow({ window: window('hour', old), counts })
      await applyTo(store, 'a', { counts: [countPart(old, 'a', { all: 2, 'tag=': 2 })] })
      for (const pastSeconds of [0, thisHour]) {
        await store.roll(pastSeconds)
        expect((await store.packets(window('hour', old))).get('all')).toBe(9)
      }
    })

    test('a run takes none', async () => {
      await expect(current().putWindow({ window: window('hour', old), counts })).rejects.toThrow(RangeError)
    })
  })
}

function describeLife(current: () => CountStore, startLive: () => Promise<void>): void {
  describe('life', () => {
    test('a live store takes no window past its retention, and keeps how many packets that were', async () => {
      await startLive()
      const store = current()
      const old = thisHour - 30 * 3600
      const ancient = thisHour - 200 * 86_400
      const counts = [
        countPart(old, 'a', { all: 3, 'port=23/TCP': 3 }, ['all', 'JP']),
        countPart(ancient, 'a', { all: 2 })
      ]

      const outcome = await applyTo(store, 'a', { batches: [batch('a', 1)], counts })

      expect(outcome).toEqual({ kind: 'applied', expiredPackets: { minute: 5, hour: 2 } })
      expect((await store.lateTotals()).expiredPackets).toEqual({ minute: 5, hour: 2, day: 0 })
      for (const pastSeconds of [0, thisHour]) {
        await store.roll(pastSeconds)
        expect(await store.windows('minute', 'UTC', 'all')).toEqual([])
        expect(await store.packets(window('minute', old))).toEqual(new Map())
        expect((await store.packets(window('hour', old))).get('all')).toBe(3)
        expect(await store.windows('hour', 'UTC', 'JP')).toEqual([old])
        expect(await store.sensorPackets(ancient)).toEqual(new Map())
        const day = Math.floor(ancient / 86_400) * 86_400
        expect((await store.packets(window('day', day))).get('all')).toBe(2)
      }
      expect(await applyTo(store, 'a', { batches: [batch('a', 1)], counts })).toMatchObject({ kind: 'seen' })
    })

    test('tells the time that windows expire by', async () => {
      await startLive()
      const before = Math.floor(Date.now() / 1000) - 1

      const now = await current().nowSeconds()

      expect(now).toBeGreaterThanOrEqual(before)
      expect(now).toBeLessThanOrEqual(Date.now() / 1000 + 1)
    })

    test('tells its memory and the limit of it, or that it has none', async () => {
      const memory = await current().memory()

      expect(memory === null || (memory.usedBytes > 0 && memory.usedBytes < memory.maxBytes)).toBe(true)
    })

    test('a run keeps the oldest windows', async () => {
      const store = current()
      const counts = [countPart(0, 'a', { all: 3 })]

      expect(await applyTo(store, 'a', { counts })).toEqual(applied)
      expect(await store.windows('minute', 'UTC', 'all')).toEqual([0])
    })

    test('clear leaves nothing, and a cleared store starts anew', async () => {
      const store = current()
      await applyTo(store, 'a', {
        spans: [span(0, 3)],
        batches: [batch('a', 1)],
        counts: [countPart(3600, 'a'), countPart(7200, 'a')],
        sources: [sourcePart(3600, [[ALL, addresses4(0, 9)]])]
      })
      await store.roll(7200)

      await store.clear()
      await store.stop()
      await store.start()

      expect(await store.vantages()).toEqual([])
      expect((await store.ledger()).sensors).toEqual([])
      expect((await store.sources(window('hour', 3600), ['all'])).get('all')).toBe(0)
      expect(await store.sensorPackets(3600)).toEqual(new Map())
      expect(await applyTo(store, 'a', { spans: [span(0, 3)], batches: [batch('a', 1)] })).toEqual(applied)
    })
  })
}
