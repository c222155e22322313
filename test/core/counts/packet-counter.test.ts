import { describe, expect, test } from '@jest/globals'
import { assert, constantFrom, integer, option, property, record, subarray } from 'fast-check'
import { PacketCounter } from '../../../core/counts/packet-counter.ts'
import { type CountQuery, DIMENSIONS, NO_CONDITIONS } from '../../../core/counts/query.ts'
import { type CountRow, compareRows, rowColumns, rowValues } from '../../../core/counts/row.ts'
import { portCode } from '../../../core/windows/series.ts'
import { enriched, PACKET, START, type TestBatch, testBatches } from './random-batches.ts'
import { recount } from './recount.ts'

const QUERY: CountQuery = {
  by: ['port'],
  window: { kind: 'fixed', size: 'hour' },
  zone: 'UTC',
  fromSeconds: null,
  toSeconds: null,
  where: NO_CONDITIONS,
  hasSources: false
}

const SPANS = [
  { label: '5m', seconds: 300 },
  { label: '1h', seconds: 3600 },
  { label: '24h', seconds: 86_400 }
]

function rowsOf(query: CountQuery, batches: readonly TestBatch[]): CountRow[] {
  const counter = new PacketCounter(query)
  for (const batch of batches) counter.add(enriched(batch))
  return counter.rows()
}

function asGroups(rows: readonly CountRow[]): Map<string, { packets: number; sources: number }> {
  return new Map(
    rows.map(({ window, windowStartSeconds, vantage, keys, packets, sources }) => [
      [window, windowStartSeconds ?? 'null', vantage, ...keys.map(String)].join('|'),
      { packets, sources: sources ?? 0 }
    ])
  )
}

const conditions = record({
  tagBits: constantFrom(0, 0, 1, 3, 2048),
  regions: subarray(['JP', 'KR'], { maxLength: 1 }),
  vantages: subarray(['JP', 'KR', 'all']),
  ports: constantFrom([], [], [portCode(6, 23)], [portCode(1, -1), portCode(17, 53), portCode(6, -1)]),
  asns: constantFrom([], [], [4766, 4294967295]),
  sensors: constantFrom([], [], ['tokyo-1', 'seoul-1']),
  protocols: constantFrom([], [], [17, 1])
})
const bound = option(integer({ min: START, max: START + 90_000 }), { freq: 1 })
const query = record({
  by: subarray([...DIMENSIONS]),
  window: constantFrom<CountQuery['window']>(
    { kind: 'fixed', size: 'minute' },
    { kind: 'fixed', size: 'hour' },
    { kind: 'fixed', size: 'day' },
    { kind: 'all' },
    { kind: 'rolling', spans: SPANS }
  ),
  zone: constantFrom('UTC', 'Asia/Tokyo', 'Asia/Kathmandu'),
  fromSeconds: bound,
  toSeconds: bound,
  where: constantFrom(0, 0, 1).chain((asked) => (asked === 0 ? constantFrom(NO_CONDITIONS) : conditions)),
  hasSources: constantFrom(true)
})

describe('counts over captures', () => {
  test('every combination of dimensions, windows and conditions equals a recount of the packets', () => {
    assert(
      property(query, testBatches(90_000), (query, batches) => {
        expect(asGroups(rowsOf(query, batches))).toEqual(recount(query, batches))
      }),
      { numRuns: 600 }
    )
  })

  test('rolling windows equal a recount of the packets', () => {
    const rolling = query.map(
      (query): CountQuery => ({ ...query, window: { kind: 'rolling', spans: SPANS } })
    )
    assert(
      property(rolling, testBatches(7200), (query, batches) => {
        expect(asGroups(rowsOf(query, batches))).toEqual(recount(query, batches))
      }),
      { numRuns: 200 }
    )
  })

  test('rows come by start of window, then most packets first, then keys', () => {
    assert(
      property(query, testBatches(9000), (query, batches) => {
        const rows = rowsOf(query, batches)

        for (const [i, row] of rows.entries()) {
          if (i > 0) expect(compareRows(rows[i - 1]!, row)).toBeLessThan(0)
        }
      }),
      { numRuns: 100 }
    )
    const packets = [
      { ...PACKET, seconds: 3600, dstPort: 80 },
      { ...PACKET, seconds: 10, dstPort: 443 },
      { ...PACKET, seconds: 20, dstPort: 22 },
      { ...PACKET, seconds: 30, dstPort: 22 },
      { ...PACKET, seconds: 40, dstPort: 23 }
    ]
    const rows = rowsOf(QUERY, [{ sensor: 'local', vantages: ['all'], packets }])
    expect(rows.map(({ windowStartSeconds, keys }) => [windowStartSeconds, keys[0]])).toEqual([
      [0, '22/TCP'],
      [0, '23/TCP'],
      [0, '443/TCP'],
      [3600, '80/TCP']
    ])
  })

  test('a packet with two tags is in both rows, one without is in the row of no tag', () => {
    const packets = [{ ...PACKET, tags: 0b11 }, PACKET]

    const rows = rowsOf({ ...QUERY, by: ['tag'] }, [{ sensor: 'local', vantages: ['all'], packets }])

    expect(rows.map(({ keys, packets }) => [keys[0], packets])).toEqual([
      [null, 1],
      ['mirai', 1],
      ['zmap', 1]
    ])
  })

  test('a tag on bit 31 is read like any other', () => {
    const packets = [{ ...PACKET, tags: 2 ** 31 + 1 }]

    const rows = rowsOf({ ...QUERY, by: ['tag'] }, [{ sensor: 'local', vantages: ['all'], packets }])

    expect(rows.map(({ packets }) => packets)).toEqual([1, 1])
  })

  test('the vantage is all unless vantages are asked for', () => {
    const batches: TestBatch[] = [{ sensor: 'tokyo-1', vantages: ['JP', 'all'], packets: [PACKET] }]
    const vantages = (query: CountQuery): string[] => rowsOf(query, batches).map(({ vantage }) => vantage)

    expect(vantages(QUERY)).toEqual(['all'])
    expect(vantages({ ...QUERY, by: ['vantage'] })).toEqual(['JP', 'all'])
    expect(vantages({ ...QUERY, where: { ...NO_CONDITIONS, vantages: ['JP'] } })).toEqual(['JP'])
    expect(vantages({ ...QUERY, where: { ...NO_CONDITIONS, vantages: ['KR'] } })).toEqual([])
  })

  test('an IPv6 address is another source than the IPv4 address of its first bytes', () => {
    const src = [0xc6336401, 0, 0, 0] as const
    const packets = [
      { ...PACKET, src },
      { ...PACKET, src, ipVersion: 6 },
      { ...PACKET, src }
    ]
    const sources = (query: CountQuery) =>
      rowsOf({ ...query, hasSources: true }, [{ sensor: 'local', vantages: ['all'], packets }]).map(
        ({ sources }) => sources
      )

    expect(sources(QUERY)).toEqual([2])
    expect(sources({ ...QUERY, window: { kind: 'rolling', spans: [SPANS[0]!] } })).toEqual([2])
  })

  test('nothing gives no rows', () => {
    expect(rowsOf(QUERY, [])).toEqual([])
    expect(rowsOf({ ...QUERY, window: { kind: 'rolling', spans: SPANS } }, [])).toEqual([])
  })

  test('many groups are kept apart while the table grows', () => {
    const packets = Array.from({ length: 20_000 }, (_, i) => ({ ...PACKET, dstPort: i, asn: i * 7 }))

    const rows = rowsOf({ ...QUERY, by: ['port', 'asn'] }, [{ sensor: 'local', vantages: ['all'], packets }])

    expect(rows.length).toBe(20_000)
    expect(
      rows.every(({ keys, packets }) => packets === 1 && keys[1] === Number.parseInt(String(keys[0]), 10) * 7)
    ).toBe(true)
  })

  test('old minutes are dropped once there are many, and the newest windows stay exact', () => {
    const query: CountQuery = { ...QUERY, hasSources: true, window: { kind: 'rolling', spans: [SPANS[0]!] } }
    const counter = new PacketCounter(query)
    for (let minute = 0; minute < 70; minute++) {
      const packets = Array.from({ length: 4000 }, (_, port) => ({
        ...PACKET,
        seconds: minute * 60,
        dstPort: port,
        src: [minute % 7, 0, 0, 0] as const
      }))
      counter.add(enriched({ sensor: 'local', vantages: ['all'], packets }))
    }

    const rows = counter.rows()

    expect(rows.length).toBe(4000)
    expect(new Set(rows.map(({ packets, sources }) => `${packets} ${sources}`))).toEqual(new Set(['5 5']))
  })
})

describe('rows as values', () => {
  test('fields are window, window_start, vantage, one a dimension, packets and sources', () => {
    const query: CountQuery = { ...QUERY, by: ['region', 'vantage', 'port'], hasSources: true }
    const [row] = rowsOf(query, [
      { sensor: 's', vantages: ['all'], packets: [{ ...PACKET, seconds: START }] }
    ])

    expect(rowColumns(query)).toEqual([
      'window',
      'window_start',
      'vantage',
      'region',
      'port',
      'packets',
      'sources'
    ])
    expect(rowValues(query)(row!)).toEqual(['hour', '2022-05-10T14:00:00Z', 'all', 'JP', '23/TCP', 1, 1])
  })

  test('days carry their zone, all time has no start', () => {
    const batches = [{ sensor: 's', vantages: ['all'], packets: [{ ...PACKET, seconds: START }] }]
    const start = (query: CountQuery) => rowValues(query)(rowsOf(query, batches)[0]!)[1]

    expect(start({ ...QUERY, window: { kind: 'fixed', size: 'day' }, zone: 'Asia/Tokyo' })).toBe(
      '2022-05-10T00:00:00+09:00'
    )
    expect(start({ ...QUERY, window: { kind: 'all' } })).toBeNull()
    expect(start({ ...QUERY, window: { kind: 'rolling', spans: [SPANS[0]!] } })).toBe('2022-05-10T14:46:00Z')
  })
})
