import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  countTableOf,
  EXPORT_HEADER,
  exportLine,
  parseExportLine,
  sourceNumbersOf
} from '../../../core/counts/exported-window.ts'
import { decodeSourceNumbers } from '../../../core/sources/source-numbers.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'
import { namedSeries, parseSeries, seriesName } from '../../../core/windows/series.ts'

const HOUR = 1_652_194_800

const port = fc.oneof(
  fc.nat(65_535).map((number) => `${number}/TCP`),
  fc.nat(65_535).map((number) => `${number}/UDP`),
  fc.constantFrom('ICMP', 'ICMPv6', 'TCP', 'UDP', '47/IP')
)
const region = fc.constantFrom('JP', 'KR', 'ZZ', 'US')
const tag = fc.constantFrom('', ...TAG_RULES.map(({ id }) => id))
const series = fc.oneof(
  fc.constant('all'),
  port.map((key) => `port=${key}`),
  region.map((key) => `region=${key}`),
  fc.nat(2 ** 31 - 1).map((key) => `asn=${key}`),
  tag.map((key) => `tag=${key}`),
  fc.tuple(port, tag).map(([key, id]) => `port=${key},tag=${id}`),
  fc.tuple(region, tag).map(([key, id]) => `region=${key},tag=${id}`)
)
const counts = fc.uniqueArray(
  fc.record({ series, packets: fc.integer({ min: 1, max: 2 ** 50 }), sources: fc.nat(1e6) }),
  { selector: (one) => one.series, maxLength: 20 }
)

test('a series is the same by name and by numbers', () => {
  fc.assert(
    fc.property(series, (name) => {
      const { kindAndTag, value } = parseSeries(name)!
      expect(seriesName(kindAndTag, value)).toBe(name)
    })
  )
  for (const none of [
    '',
    'port=',
    'port=70000/TCP',
    'port=023/TCP',
    'region=jp',
    'asn=-1',
    'asn=4294967296',
    'tag=no-such'
  ])
    expect(parseSeries(none)).toBeNull()
  for (const none of ['tag=mirai,port=23/TCP', 'port=23/TCP,region=JP', 'all=1', 'port'])
    expect(parseSeries(none)).toBeNull()
})

test('a line gives back its window, and the same line whatever the order was', () => {
  fc.assert(
    fc.property(counts, fc.constantFrom('all', 'JP'), (given, vantage) => {
      const window = { size: 'hour', zone: 'UTC', startSeconds: HOUR, vantage } as const
      const line = exportLine({ window, counts: given })
      const parsed = parseExportLine(line)

      expect(parsed).toMatchObject({ kind: 'window', unknown: [], window: { window } })
      if (parsed.kind !== 'window') return
      expect(new Set(parsed.window.counts)).toEqual(new Set(given))
      expect(exportLine({ window, counts: [...given].reverse() })).toBe(line)
    })
  )
})

test('counts become what a store keeps', () => {
  fc.assert(
    fc.property(counts, (given) => {
      const packets = namedSeries(countTableOf(given).series())
      const sources = new Map<string, number>()
      decodeSourceNumbers(sourceNumbersOf(given), (kindAndTag, value, number) =>
        sources.set(seriesName(kindAndTag, value), number)
      )
      expect(packets).toEqual(new Map(given.map((one) => [one.series, one.packets])))
      expect(sources).toEqual(new Map(given.map((one) => [one.series, one.sources])))
    })
  )
})

test('a day is one of its zone, and a series of a newer version is left out by name', () => {
  const day = { size: 'day', zone: 'Asia/Tokyo', startSeconds: HOUR, vantage: 'JP' } as const
  const line = exportLine({
    window: day,
    counts: [
      { series: 'tag=of-tomorrow', packets: 2, sources: 1 },
      { series: 'all', packets: 2, sources: 1 }
    ]
  })
  expect(parseExportLine(line)).toMatchObject({
    kind: 'window',
    window: { window: day, counts: [{ series: 'all' }] },
    unknown: ['tag=of-tomorrow']
  })
})

test.each([
  ['no JSON', '{', /no JSON/],
  ['no object', '[]', /no object/],
  ['a minute', '{"window":"minute"}', /'hour' or 'day' is wanted/],
  ['no zone', '{"window":"day","zone":"Mars/Base"}', /no IANA time zone/],
  ['an hour of a zone', '{"window":"hour","zone":"Asia/Tokyo"}', /hours are of UTC/],
  ['no vantage', '{"window":"hour","zone":"UTC"}', /vantage is missing/],
  [
    'a start in the middle',
    '{"window":"hour","zone":"UTC","vantage":"all","window_start":"2022-05-10T15:30:00Z"}',
    /no start of such a hour/
  ],
  [
    'no series',
    '{"window":"hour","zone":"UTC","vantage":"all","window_start":"2022-05-10T15:00:00Z"}',
    /no series/
  ],
  [
    'a count that is none',
    '{"window":"hour","zone":"UTC","vantage":"all","window_start":"2022-05-10T15:00:00Z","series":{"all":[1.5,1]}}',
    /series all has no packets and sources/
  ],
  [
    'no packets',
    '{"window":"hour","zone":"UTC","vantage":"all","window_start":"2022-05-10T15:00:00Z","series":{"all":[0,0]}}',
    /series all has no packets and sources/
  ]
])('%s is no window', (_, line, why) => {
  expect(parseExportLine(line)).toEqual({ kind: 'invalid', why: expect.stringMatching(why) })
})

test('what docs/exports.md shows is what is written and read', () => {
  const page = readFileSync('docs/exports.md', 'utf8')
  const [header, line] = [...page.matchAll(/```json\n(.*)\n```/g)].map((match) => match[1]!)
  const parsed = parseExportLine(line!)

  expect(header).toBe(EXPORT_HEADER)
  expect(parsed).toMatchObject({ kind: 'window', unknown: [] })
  if (parsed.kind === 'window') expect(parsed.window.counts.length).toBe(7)
})
