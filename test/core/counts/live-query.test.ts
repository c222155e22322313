import { fencedBatch } from '../../../core/fence/fenced-batch.ts'
import { describe, expect, test } from '@jest/globals'
import { asyncProperty, assert, constantFrom, type Arbitrary } from 'fast-check'
import { MemoryStore, type MemoryStoreOptions } from '../../../adapters/memory-store.ts'
import { answerFromStore } from '../../../core/counts/live-query.ts'
import { PacketCounter } from '../../../core/counts/packet-counter.ts'
import {
  type CountQuery,
  type Dimension,
  NO_CONDITIONS,
  type RollingSpan
} from '../../../core/counts/query.ts'
import type { CountRow } from '../../../core/counts/row.ts'
import { Accumulator } from '../../../core/windows/accumulator.ts'
import { portCode } from '../../../core/windows/series.ts'
import { formatUtc } from '../../../core/windows/time-zone.ts'
import { enriched, PACKET, START, type TestBatch, testBatches } from './random-batches.ts'

const ZONES = ['UTC', 'Asia/Tokyo', 'Asia/Kathmandu']
const SPANS: RollingSpan[] = [
  { label: '5m', seconds: 300 },
  { label: '1h', seconds: 3600 },
  { label: '24h', seconds: 86_400 }
]
const QUERY: CountQuery = {
  by: ['port'],
  window: { kind: 'fixed', size: 'hour' },
  zone: 'UTC',
  fromSeconds: null,
  toSeconds: null,
  where: NO_CONDITIONS,
  hasSources: false
}

/** A store with what an aggregator would have written for these batches. */
async function storeOf(
  batches: readonly TestBatch[],
  options: MemoryStoreOptions = {}
): Promise<MemoryStore> {
  const store = new MemoryStore({ dayZones: ZONES, ...options })
  await addTo(store, batches)
  return store
}

async function addTo(store: MemoryStore, batches: readonly TestBatch[]): Promise<void> {
  const accumulator = new Accumulator()
  const named = batches.map((batch, index) => enriched(batch, index + 1))
  for (const batch of named) accumulator.add(batch)
  await store.applySlot({
    slot: 0,
    spans: [],
    batches: named.map((batch) => fencedBatch(batch, Number.MAX_SAFE_INTEGER)),
    known: [],
    ...accumulator.take()
  })
}

function fromPackets(query: CountQuery, batches: readonly TestBatch[]): CountRow[] {
  const counter = new PacketCounter(query)
  for (const batch of batches) counter.add(enriched(batch))
  return counter.rows()
}

/** Asserts that the store answers as the packets do. */
async function expectAgreement(queries: Arbitrary<CountQuery>): Promise<void> {
  await assert(
    asyncProperty(queries, testBatches(80_000), async (query, batches) => {
      const rows = await answerFromStore(query, await storeOf(batches))

      expect(rows).toEqual(fromPackets(query, batches))
    }),
    { numRuns: 30 }
  )
}

const windows = constantFrom<CountQuery['window']>(
  { kind: 'fixed', size: 'minute' },
  { kind: 'fixed', size: 'hour' },
  { kind: 'fixed', size: 'day' },
  { kind: 'all' },
  { kind: 'rolling', spans: SPANS }
)
const kept = constantFrom<readonly Dimension[]>(
  [],
  ['port'],
  ['region'],
  ['asn'],
  ['protocol'],
  ['protocol', 'port'],
  ['vantage', 'port'],
  ['region', 'vantage']
)

describe('answers from the store', () => {
  test('equal those over the same packets for each dimension, window and zone', async () => {
    const queries = windows.chain((window) =>
      kept.chain((by) => constantFrom(...ZONES).map((zone): CountQuery => ({ ...QUERY, window, by, zone })))
    )

    await expectAgreement(queries)
  })

  test('equal those over the same packets for conditions on what is kept together', async () => {
    const conditions = constantFrom<Partial<CountQuery['where']>>(
      { tagBits: 1 },
      { ports: [portCode(6, 23), portCode(17, 53)] },
      { regions: ['JP', 'KR'] },
      { asns: [4294967295] },
      { protocols: [17, 1] },
      { vantages: ['JP'] },
      { vantages: ['JP', 'KR'], tagBits: 2048 },
      { ports: [portCode(6, 23)], tagBits: 2 },
      { regions: ['ZZ'], tagBits: 1 }
    )
    const queries = windows.chain((window) =>
      conditions.map(
        (where): CountQuery => ({ ...QUERY, by: [], window, where: { ...NO_CONDITIONS, ...where } })
      )
    )

    await expectAgreement(queries)
  })

  test('equal those over the same packets for ports and regions of one tag', async () => {
    const queries = windows.chain((window) =>
      constantFrom<Dimension>('port', 'region', 'protocol').map(
        (by): CountQuery => ({ ...QUERY, by: [by], window, where: { ...NO_CONDITIONS, tagBits: 1 } })
      )
    )

    await expectAgreement(queries)
  })

  test('equal those over the same packets between times that cut no window', async () => {
    const hours = constantFrom(START - 3000, START + 600, START + 36_600)
    const queries = windows.chain((window) =>
      hours.chain((fromSeconds) =>
        constantFrom(null, START + 43_800).map((toSeconds): CountQuery => {
          const isDay = window.kind === 'fixed' && window.size === 'day'
          return { ...QUERY, window: isDay ? { kind: 'all' } : window, fromSeconds, toSeconds }
        })
      )
    )

    await expectAgreement(queries)
  })

  test('have the same unique sources by hour and day', async () => {
    const queries = constantFrom('hour', 'day').chain((size) =>
      constantFrom<readonly Dimension[]>([], ['port'], ['region'], ['asn'], ['vantage']).map(
        (by): CountQuery => ({
          ...QUERY,
          by,
          window: { kind: 'fixed', size },
          zone: 'Asia/Tokyo',
          hasSources: true
        })
      )
    )

    await expectAgreement(queries)
  })

  test('by sensor equal those over the same packets of the last hours', async () => {
    const queries = constantFrom<readonly Dimension[]>(
      ['sensor'],
      ['port', 'sensor'],
      ['sensor', 'region']
    ).map((by): CountQuery => ({ ...QUERY, by }))
    await assert(
      asyncProperty(queries, testBatches(3 * 3600), async (query, batches) => {
        const rows = await answerFromStore(query, await storeOf(batches))

        expect(rows).toEqual(fromPackets(query, batches))
      }),
      { numRuns: 20 }
    )
  })

  test('by tag have every tagged packet', async () => {
    const packets = [
      { ...PACKET, tags: 3 },
      { ...PACKET, tags: 1 }
    ]
    const batches: TestBatch[] = [{ sensor: 'local', vantages: ['all'], packets }]
    const query: CountQuery = { ...QUERY, by: ['tag', 'port'] }

    expect(await answerFromStore(query, await storeOf(batches))).toEqual(fromPackets(query, batches))
  })
})

/** Asks a store that holds one packet. */
async function ask(query: Partial<CountQuery>): Promise<CountRow[]> {
  const store = await storeOf([{ sensor: 's', vantages: ['all'], packets: [PACKET] }])
  return answerFromStore({ ...QUERY, ...query }, store)
}

describe('questions that the store does not keep', () => {
  test.each<[string, Partial<CountQuery>]>([
    ['two dimensions that are not kept together', { by: ['port', 'region'] }],
    ['a condition on a third dimension', { by: ['asn'], where: { ...NO_CONDITIONS, tagBits: 1 } }],
    ['several tags at once', { where: { ...NO_CONDITIONS, tagBits: 3 } }],
    ['the other tags of tagged packets', { by: ['tag'], where: { ...NO_CONDITIONS, tagBits: 1 } }],
    ['a part of an hour', { fromSeconds: 60 }],
    ['a part of a minute', { toSeconds: 61, window: { kind: 'rolling', spans: SPANS } }],
    ['days of another zone', { zone: 'Europe/Paris', window: { kind: 'fixed', size: 'day' } }],
    ['sources of minutes', { hasSources: true, window: { kind: 'fixed', size: 'minute' } }],
    ['sources of rolling windows', { hasSources: true, window: { kind: 'rolling', spans: SPANS } }],
    ['sources by protocol', { hasSources: true, by: ['protocol'] }],
    [
      'sources of two ports together',
      { hasSources: true, by: [], where: { ...NO_CONDITIONS, ports: [portCode(6, 23), portCode(6, 22)] } }
    ],
    ['sensors by day', { by: ['sensor'], window: { kind: 'fixed', size: 'day' } }],
    ['sensors of a vantage', { by: ['sensor', 'vantage'] }],
    ['sources of a sensor', { where: { ...NO_CONDITIONS, sensors: ['s'] }, hasSources: true }]
  ])('%s: refused with what can be answered', async (_, query) => {
    await expect(ask(query)).rejects.toMatchObject({
      code: 'SP_QUESTION_NOT_KEPT',
      message: expect.stringContaining('the live store answers')
    })
  })

  test('sensors of hours that were trimmed', async () => {
    const packets = [
      { ...PACKET, seconds: START },
      { ...PACKET, seconds: START + 12 * 3600 }
    ]
    const store = await storeOf([{ sensor: 's', vantages: ['all'], packets }])
    const query: CountQuery = { ...QUERY, by: ['sensor'] }
    await store.trimSensorHours(START + 12 * 3600)
    // A sensor that joins with a backlog takes the watermark back, and brings back no sensor.
    await addTo(store, [{ sensor: 'late', vantages: ['all'], packets: [{ ...PACKET, seconds: START }] }])

    await expect(answerFromStore({ ...query, fromSeconds: START - 3000 }, store)).rejects.toMatchObject({
      code: 'SP_QUESTION_NOT_KEPT'
    })
    const trimmed = expect.stringMatching(/--from \d{4}-\d\d-\d\dT\d\d:00:00Z asks for those/)
    for (const until of [START + 600, START + 15 * 3600 - 3000]) {
      const asked = answerFromStore({ ...query, toSeconds: until }, store)
      await expect(asked).rejects.toMatchObject({ code: 'SP_QUESTION_NOT_KEPT', message: trimmed })
    }
    expect((await answerFromStore(query, store)).length).toBe(1)
  })
})

const DAY = 86_400
/** Minutes for 26 hours, hours for 2 days, days for 5; a packet every 6 hours of the last 7 days. */
async function agedStore(nowSeconds: number): Promise<MemoryStore> {
  const packets = Array.from({ length: 28 }, (_, i) => ({ ...PACKET, seconds: START - i * 6 * 3600 }))
  const retention = { minuteHours: 26, hourDays: 2, dayDays: 5 }
  const batches = [{ sensor: 's', vantages: ['all'], packets }]
  return await storeOf(batches, { retention, nowSeconds: () => nowSeconds })
}
const rolling = (label: string, seconds: number) =>
  ({ kind: 'rolling', spans: [{ label, seconds }] }) as const

describe('times that the store has forgotten', () => {
  const minute = Math.floor(START / 60) * 60
  const hour = Math.floor(START / 3600) * 3600
  const midnight = Math.floor(START / DAY) * DAY

  test.each<[string, Partial<CountQuery>]>([
    ['a rolling span longer than minutes are kept', { window: rolling('7d', 7 * DAY) }],
    ['a rolling span that ends long ago', { window: rolling('1h', 3600), toSeconds: minute - 2 * DAY }],
    ['minutes from long ago', { window: { kind: 'fixed', size: 'minute' }, fromSeconds: minute - 27 * 3600 }],
    ['hours from long ago', { fromSeconds: hour - 3 * DAY }],
    ['hours until long ago', { toSeconds: hour - 3 * DAY }],
    ['a sum whose bounds only minutes meet', { window: { kind: 'all' }, fromSeconds: minute - 30 * 3600 }],
    ['sensors of hours from long ago', { by: ['sensor'], fromSeconds: hour - 3 * DAY }],
    ['sensors of hours until long ago', { by: ['sensor'], toSeconds: hour - 3 * DAY }],
    ['days from long ago', { window: { kind: 'fixed', size: 'day' }, fromSeconds: midnight - 6 * DAY }]
  ])('%s: refused, and what is kept is said', async (_, query) => {
    const store = await agedStore(START)

    await expect(answerFromStore({ ...QUERY, ...query }, store)).rejects.toMatchObject({
      code: 'SP_QUESTION_NOT_KEPT',
      message: expect.stringMatching(
        /minutes for 26 hours, hours for 2 days, days for 5 days.*the live store answers/
      )
    })
  })

  test.each<[string, number, Partial<CountQuery>]>([
    ['a rolling day', 4, { window: rolling('24h', DAY) }],
    [
      'a long rolling span from a time that is kept',
      2,
      { window: rolling('7d', 7 * DAY), fromSeconds: hour - 6 * 3600 }
    ],
    ['hours from within two days', 4, { fromSeconds: hour - 18 * 3600 }],
    ['a sum from a midnight', 7, { window: { kind: 'all' }, fromSeconds: midnight - DAY }]
  ])('%s: answered', async (_, packets, query) => {
    const rows = await answerFromStore({ ...QUERY, by: [], ...query }, await agedStore(START))

    expect(rows.reduce((total, row) => total + row.packets, 0)).toBe(packets)
  })

  test('the last minutes of a store that has been silent for longer than it keeps minutes', async () => {
    const store = await agedStore(START + 30 * 3600)

    await expect(answerFromStore({ ...QUERY, window: rolling('5m', 300) }, store)).rejects.toMatchObject({
      code: 'SP_QUESTION_NOT_KEPT'
    })
  })

  test.each<[string, number, Partial<CountQuery>]>([
    ['a rolling day', 10 * 3600, { window: rolling('24h', DAY) }],
    ['hours', DAY, { fromSeconds: hour - 30 * 3600 }],
    ['days', 3 * DAY, { window: { kind: 'fixed', size: 'day' }, fromSeconds: midnight - 3 * DAY }]
  ])('%s, of which a part expired in a silence', async (_, silenceSeconds, query) => {
    await expect(answerFromStore({ ...QUERY, ...query }, await agedStore(START))).resolves.toBeDefined()
    const store = await agedStore(START + silenceSeconds)

    await expect(answerFromStore({ ...QUERY, ...query }, store)).rejects.toMatchObject({
      code: 'SP_QUESTION_NOT_KEPT'
    })
  })

  test('a rolling span that a silence has cut is refused with the --to that is answered', async () => {
    const silent = START + 10 * 3600
    const store = await agedStore(silent)
    const query: CountQuery = { ...QUERY, by: [], window: rolling('24h', DAY) }
    const toSeconds = Math.ceil(silent / 60) * 60

    await expect(answerFromStore(query, store)).rejects.toMatchObject({
      message: expect.stringContaining(`--to ${formatUtc(toSeconds)} asks up to now`)
    })
    const rows = await answerFromStore({ ...query, toSeconds }, store)
    expect(rows.map(({ packets }) => packets)).toEqual([3])
  })

  test('a run keeps everything', async () => {
    const packets = [0, 7 * DAY].map((age) => ({ ...PACKET, seconds: START - age }))
    const store = await storeOf([{ sensor: 's', vantages: ['all'], packets }])
    const rows = await answerFromStore({ ...QUERY, by: [], window: rolling('8d', 8 * DAY) }, store)

    expect(rows.map((row) => row.packets)).toEqual([2])
  })
})
