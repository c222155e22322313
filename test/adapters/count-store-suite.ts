// One suite for every CountStore: what is tested here holds for all of them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type {
  SourceCell,
  CountCell,
  CountStore,
  FencedBatch,
  OffsetSpan,
  SensorCell,
  SlotOutcome,
  VantageWindow
} from '../../core/store/count-store.ts'
import { DEFAULT_RETENTION, type Retention } from '../../core/store/retention.ts'
import { slotOf } from '../../core/store/slot.ts'
import { RETIRED_AFTER_SECONDS } from '../../core/store/watermark.ts'
import type { WindowSize } from '../../core/windows/window.ts'

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
    watermarkSeconds: thisHour + number,
    ...over
  }
}

/** 10.x.y.z, by the number x.y.z, as part of a SourceCell. */
export function addresses4(from: number, to: number): Pick<SourceCell, 'ipVersion' | 'words'> {
  return { ipVersion: 4, words: Uint32Array.from({ length: to - from }, (_, i) => 0x0a000000 + from + i) }
}

/** fd00:x::, likewise. */
export function addresses6(from: number, to: number): Pick<SourceCell, 'ipVersion' | 'words'> {
  const words = Array.from({ length: to - from }, (_, i) => [0xfd000000 + from + i, 0, 0, 0])
  return { ipVersion: 6, words: Uint32Array.from(words.flat()) }
}

interface Part {
  readonly spans?: readonly OffsetSpan[]
  readonly batches?: readonly FencedBatch[]
  readonly cells?: readonly CountCell[]
  readonly sensorCells?: readonly SensorCell[]
}

/** Applies to the slot of a sensor. */
export function applyTo(store: CountStore, sensor: string, part: Part): Promise<SlotOutcome> {
  const slot = slotOf(sensor, store.slots)
  return store.applySlot({ slot, spans: [], batches: [], cells: [], sensorCells: [], ...part })
}

export function describeCountStore(name: string, make: MakeStore): void {
  describe(name, () => {
    let store: CountStore

    beforeEach(async () => {
      store = await make(null)
      await store.start()
    })

    test('tells how long it keeps windows', async () => {
      expect(store.retention).toBeNull()
      await startLive()
      expect(store.retention).toEqual(DEFAULT_RETENTION)
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
    describeLife(() => store, startLive)
  })
}

function describeFence(current: () => CountStore): void {
  describe('the fence', () => {
    test('an offset is 0 until every slot and both columns have moved, then the least of them', async () => {
      const store = current()
      expect(await store.nextOffset(topic, 0)).toBe(0)

      for (let slot = 0; slot < store.slots; slot++) {
        const request = { slot, spans: [span(0, 7 + slot)], batches: [], cells: [], sensorCells: [] }
        expect(await store.applySlot(request)).toEqual(applied)
      }
      expect(await store.nextOffset(topic, 0)).toBe(0)
      expect(await store.advanceSources([span(0, 9), span(0, 3, 1)])).toEqual(applied)

      expect(await store.nextOffset(topic, 0)).toBe(7)
      expect(await store.nextOffset(topic, 1)).toBe(0)
    })

    test('a batch that was counted changes nothing the second time, alone or beside new ones', async () => {
      const store = current()
      const cells = [{ window: window('minute', thisHour), series: 'all', packets: 10 }]
      await applyTo(store, 'a', { spans: [span(0, 1)], batches: [batch('a', 1)], cells })

      const again = await applyTo(store, 'a', {
        spans: [span(0, 2)],
        batches: [batch('a', 2), batch('a', 1), batch('a', 1, { digest: 'other' })],
        cells
      })

      expect(again).toEqual({
        kind: 'seen',
        seen: [
          { index: 1, sameDigest: true },
          { index: 2, sameDigest: false }
        ]
      })
      expect(await store.packets(window('minute', thisHour))).toEqual(new Map([['all', 10]]))
      expect(await store.sensorTotals()).toEqual([{ sensor: 'a', countedPackets: 10, rejectedFrames: {} }])
      expect(await applyTo(store, 'a', { spans: [span(2, 2)] })).toMatchObject({ kind: 'behind' })
    })

    test('a name twice in one call changes nothing', async () => {
      const store = current()

      expect(await applyTo(store, 'a', { batches: [batch('a', 1), batch('a', 1)] })).toEqual({
        kind: 'seen',
        seen: [{ index: 1, sameDigest: true }]
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
      expect(await store.sensorTotals()).toEqual([])
      expect(await store.advanceSources([span(4, 5)])).toEqual({
        kind: 'behind',
        partition: 0,
        storedOffset: 0
      })
    })

    test('a log that starts later raises both columns of every slot, and takes none back', async () => {
      const store = current()
      await applyTo(store, 'a', { spans: [span(0, 9)] })
      await store.advanceSources([span(0, 3), span(0, 3, 1)])

      await store.trim(topic, 0, 6)
      expect(await store.nextOffset(topic, 0)).toBe(6)
      await store.trim(topic, 0, 4)

      expect(await store.nextOffset(topic, 0)).toBe(6)
      expect(await store.nextOffset(topic, 1)).toBe(0)
      expect(await applyTo(store, 'a', { spans: [span(9, 10)] })).toEqual(applied)
      expect(await store.nextOffset(topic, 0)).toBe(6)
      expect(await store.advanceSources([span(6, 10)])).toEqual(applied)
      await expect(store.trim(topic, 0, -1)).rejects.toThrow(RangeError)
    })

    test('a request that breaks the contract is refused before anything changes', async () => {
      const store = current()
      const bad = applyTo(store, 'a', { batches: [batch('a', 1), batch('a', 0)] })

      await expect(bad).rejects.toThrow(RangeError)
      await expect(store.advanceSources([span(3, 1)])).rejects.toThrow(RangeError)
      expect(await store.sensorTotals()).toEqual([])
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
      expect(await store.sensorTotals()).toEqual([
        { sensor: 'a', countedPackets: 10, rejectedFrames: { 'not-ip': 2, clock: 1 } },
        { sensor: 'b', countedPackets: 30, rejectedFrames: { 'not-ip': 2, clock: 1 } }
      ])
    })
  })
}

function describeCounts(current: () => CountStore): void {
  describe('packets', () => {
    test('cells add up over calls, sensors and equal cells of one call; windows are apart', async () => {
      const store = current()
      const day = (zone: string) => window('day', 86_400, 'JP', zone)
      const cells = [
        { window: window('minute', 60), series: 'all', packets: 1 },
        { window: window('minute', 60), series: 'port=23/TCP,tag=mirai', packets: 2 },
        { window: window('minute', 60), series: 'all', packets: 4 },
        { window: window('hour', 3600), series: 'all', packets: 2 ** 40 },
        { window: day('UTC'), series: 'all', packets: 8 },
        { window: day('Asia/Tokyo'), series: 'all', packets: 16 }
      ]

      for (const sensor of ['a', 'b', 'c']) await applyTo(store, sensor, { cells })

      expect(await store.packets(window('minute', 60))).toEqual(
        new Map([
          ['all', 15],
          ['port=23/TCP,tag=mirai', 6]
        ])
      )
      expect(await store.packets(window('hour', 3600))).toEqual(new Map([['all', 3 * 2 ** 40]]))
      expect(await store.packets(day('Asia/Tokyo'))).toEqual(new Map([['all', 48]]))
      expect(await store.packets(window('day', 86_400))).toEqual(new Map())
    })

    test('windows come in order of start, and vantages sorted', async () => {
      const store = current()
      const starts = [7200, 60, 600, 3600]
      const cells = starts.map((start) => ({ window: window('minute', start), series: 'all', packets: 1 }))
      await applyTo(store, 'a', { cells })
      await applyTo(store, 'b', {
        cells: [
          { window: window('minute', 120), series: 'all', packets: 1 },
          { window: window('minute', 120, 'JP'), series: 'all', packets: 1 },
          { window: window('day', 86_400, 'a|b', 'Asia/Tokyo'), series: 'all', packets: 1 }
        ]
      })

      expect(await store.windows('minute', 'UTC', 'all')).toEqual([60, 120, 600, 3600, 7200])
      expect(await store.windows('minute', 'UTC', 'JP')).toEqual([120])
      expect(await store.windows('day', 'UTC', 'a|b')).toEqual([])
      expect(await store.windows('day', 'Asia/Tokyo', 'a|b')).toEqual([86_400])
      expect(await store.vantages()).toEqual(['JP', 'all', 'a|b'])
    })

    test('a window of many thousand series is kept whole', async () => {
      const store = current()
      const cells = Array.from({ length: 20_000 }, (_, port) => {
        return { window: window('minute', 60), series: `port=${port}/TCP`, packets: port + 1 }
      })

      expect(await applyTo(store, 'a', { cells })).toEqual(applied)
      expect(await applyTo(store, 'a', { cells: cells.slice(0, 9001) })).toEqual(applied)

      const packets = await store.packets(window('minute', 60))
      expect(packets.size).toBe(20_000)
      expect(packets.get('port=9000/TCP')).toBe(18_002)
      expect(packets.get('port=9001/TCP')).toBe(9002)
    })

    test('sensors are kept by hour, and later only the two busiest of each series', async () => {
      const store = current()
      const hour = 360_000
      const cell = (sensor: string, series: string, packets: number): SensorCell => {
        return { startSeconds: hour, sensor, series, packets }
      }
      await applyTo(store, 'a', { sensorCells: [cell('a', 'all', 5), cell('a', 'port=23/TCP', 1)] })
      await applyTo(store, 'b', { sensorCells: [cell('b', 'all', 2), cell('b', 'all', 1)] })
      await applyTo(store, 'c', { sensorCells: [cell('c', 'all', 3)] })
      await applyTo(store, 'd', { sensorCells: [cell('d', 'all', 4)] })

      await store.trimSensorHours(hour + 7 * 3600 - 1)
      expect((await store.sensorPackets(hour)).size).toBe(4)
      await Promise.all([store.trimSensorHours(hour + 7 * 3600), store.trimSensorHours(hour + 7 * 3600)])

      const trimmed = new Map([
        [
          'a',
          new Map([
            ['all', 5],
            ['port=23/TCP', 1]
          ])
        ],
        ['d', new Map([['all', 4]])]
      ])
      expect(await store.sensorPackets(hour)).toEqual(trimmed)
      expect(await store.sensorPackets(hour + 3600)).toEqual(new Map())

      await applyTo(store, 'c', { sensorCells: [cell('c', 'all', 1)] })
      expect((await store.sensorPackets(hour)).get('c')).toEqual(new Map([['all', 1]]))
      await store.trimSensorHours(hour + 8 * 3600)
      expect(await store.sensorPackets(hour)).toEqual(trimmed)
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
        const sensorCells = [{ startSeconds: 3600, sensor, series: 'all', packets: 9 }]
        await applyTo(store, sensor, { sensorCells })
      }
      await store.trimSensorHours(100_000)

      expect([...(await store.sensorPackets(3600)).keys()].sort()).toEqual(['a', 'b'])
    })
  })
}

function describeSources(current: () => CountStore, startLive: () => Promise<void>): void {
  describe('sources', () => {
    test('each is counted once a series and window, IPv4 and IPv6, however often it is sent', async () => {
      const store = current()
      const hour = window('hour', 3600)
      const cells = [
        { window: hour, series: 'all', ...addresses4(0, 60) },
        { window: hour, series: 'all', ...addresses6(0, 40) },
        { window: hour, series: 'all', ...addresses4(50, 70) },
        { window: hour, series: 'port=23/TCP', ...addresses4(0, 3) },
        { window: window('hour', 3600, 'JP'), series: 'all', ...addresses4(0, 1) },
        { window: hour, series: 'port=80/TCP', ...addresses4(0, 0) }
      ]
      await store.addSources(cells)
      await store.addSources(cells)

      const sources = await store.sources(hour, ['all', 'port=23/TCP', 'port=80/TCP', 'none'])

      expect(sources.get('port=23/TCP')).toBe(3)
      expect(sources.get('port=80/TCP')).toBe(0)
      expect(sources.get('none')).toBe(0)
      expect(Math.abs(sources.get('all')! - 110)).toBeLessThanOrEqual(3)
      expect(await store.sources(window('hour', 3600, 'JP'), ['all'])).toEqual(new Map([['all', 1]]))
    })

    test('many sources of one series, and many series, are within three standard errors', async () => {
      const store = current()
      const hour = window('hour', 3600)
      const series = Array.from({ length: 5000 }, (_, port) => `port=${port}/TCP`)
      await store.addSources([
        { window: hour, series: 'all', ...addresses4(0, 50_000) },
        ...series.map((one) => ({ window: hour, series: one, ...addresses4(0, 1) }))
      ])

      const sources = await store.sources(hour, ['all', ...series])

      expect(Math.abs(sources.get('all')! / 50_000 - 1)).toBeLessThan(0.0243)
      expect(series.filter((one) => sources.get(one) !== 1)).toEqual([])
    })

    test('a run closes no sketches', async () => {
      const store = current()
      await store.addSources([{ window: window('hour', 0), series: 'all', ...addresses4(0, 5) }])
      await store.closeSketches(thisHour)
      await store.addSources([{ window: window('hour', 0), series: 'all', ...addresses4(5, 9) }])

      expect((await store.sources(window('hour', 0), ['all'])).get('all')).toBe(9)
    })

    test('a live store closes a sketch 2 hours or 2 days after its window; later sources are late', async () => {
      await startLive()
      const store = current()
      const hour = window('hour', thisHour - 4 * 3600)
      const nextHour = window('hour', thisHour - 3 * 3600)
      const day = window('day', thisHour - 24 * 3600)
      const cells = [hour, nextHour, day].flatMap((window) => [
        { window, series: 'all', ...addresses4(0, 600) },
        { window, series: 'port=23/TCP', ...addresses4(0, 2) }
      ])
      await store.addSources(cells)
      const before = await store.sources(hour, ['all', 'port=23/TCP'])

      await Promise.all([store.closeSketches(thisHour - 3600), store.closeSketches(thisHour - 3600)])
      await store.closeSketches(thisHour - 9 * 3600)
      const later = [hour, nextHour, day].flatMap((window) => [
        { window, series: 'port=23/TCP', ...addresses4(2, 5) },
        { window, series: 'port=80/TCP', ...addresses4(0, 1) }
      ])
      await store.addSources(later)

      const series = ['all', 'port=23/TCP', 'port=80/TCP']
      expect(await store.sources(hour, series)).toEqual(new Map([...before, ['port=80/TCP', 0]]))
      expect((await store.sources(nextHour, series)).get('port=23/TCP')).toBe(5)
      expect((await store.sources(day, series)).get('port=80/TCP')).toBe(1)
      expect((await store.lateTotals()).lateSources).toEqual({ minute: 0, hour: 4, day: 0 })

      await store.closeSketches(thisHour + 48 * 3600)
      await store.addSources(later)
      expect((await store.sources(day, series)).get('port=23/TCP')).toBe(5)
      expect((await store.lateTotals()).lateSources).toEqual({ minute: 0, hour: 12, day: 4 })
    })
  })
}

function describeLife(current: () => CountStore, startLive: () => Promise<void>): void {
  describe('life', () => {
    test('a live store takes no window past its retention, and keeps how many packets that were', async () => {
      await startLive()
      const store = current()
      const old = thisHour - 30 * 3600
      const cells = [
        { window: window('minute', old), series: 'all', packets: 3 },
        { window: window('minute', old), series: 'port=23/TCP', packets: 3 },
        { window: window('minute', old, 'JP'), series: 'all', packets: 3 },
        { window: window('hour', old), series: 'all', packets: 3 }
      ]
      const sensorCells = [{ startSeconds: thisHour - 200 * 86_400, sensor: 'a', series: 'all', packets: 1 }]

      const outcome = await applyTo(store, 'a', { batches: [batch('a', 1)], cells, sensorCells })

      expect(outcome).toEqual({ kind: 'applied', expiredPackets: { minute: 3 } })
      expect((await store.lateTotals()).expiredPackets).toEqual({ minute: 3, hour: 0, day: 0 })
      expect(await store.windows('minute', 'UTC', 'all')).toEqual([])
      expect(await store.packets(window('minute', old))).toEqual(new Map())
      expect(await store.packets(window('hour', old))).toEqual(new Map([['all', 3]]))
      expect(await store.sensorPackets(sensorCells[0]!.startSeconds)).toEqual(new Map())
      expect(await applyTo(store, 'a', { batches: [batch('a', 1)], cells })).toMatchObject({ kind: 'seen' })
    })

    test('a run keeps the oldest windows', async () => {
      const store = current()
      const cells = [{ window: window('minute', 0), series: 'all', packets: 3 }]

      expect(await applyTo(store, 'a', { cells })).toEqual(applied)
      expect(await store.windows('minute', 'UTC', 'all')).toEqual([0])
    })

    test('clear leaves nothing, and a cleared store starts anew', async () => {
      const store = current()
      await applyTo(store, 'a', {
        spans: [span(0, 3)],
        batches: [batch('a', 1)],
        cells: [{ window: window('hour', 3600), series: 'all', packets: 1 }],
        sensorCells: [{ startSeconds: 3600, sensor: 'a', series: 'all', packets: 1 }]
      })
      await store.addSources([{ window: window('hour', 3600), series: 'all', ...addresses4(0, 9) }])

      await store.clear()
      await store.stop()
      await store.start()

      expect(await store.vantages()).toEqual([])
      expect(await store.sensorTotals()).toEqual([])
      expect((await store.sources(window('hour', 3600), ['all'])).get('all')).toBe(0)
      expect(await store.sensorPackets(3600)).toEqual(new Map())
      expect(await applyTo(store, 'a', { spans: [span(0, 3)], batches: [batch('a', 1)] })).toEqual(applied)
    })
  })
}
