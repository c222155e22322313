// The numbers of a report, from days that are made by hand.
import { describe, expect, test } from '@jest/globals'
import {
  type DayCounts,
  type Pair,
  type ReportDay,
  TotalsSum,
  withoutSmallPorts
} from '../../../core/report/day-counts.ts'
import { CollectedDays } from '../../../core/report/collected-days.ts'
import { buildReport, type ReportInput } from '../../../core/report/model.ts'
import { reportCsv, reportJson } from '../../../core/report/files.ts'
import { reportHtml } from '../../../core/report/html.ts'
import { quarterBefore, quarterPeriod, spanBefore, spanPeriod } from '../../../core/report/period.ts'

const ZONE = 'Asia/Tokyo'
const PERIOD = spanPeriod(
  Date.parse('2022-04-10T03:00:00Z') / 1000,
  Date.parse('2022-04-20T03:00:00Z') / 1000,
  ZONE
)
const BEFORE = spanBefore(PERIOD, ZONE)

type Counts = Readonly<Record<string, readonly [packets: number, sources: number]>>

function pairs(counts: Counts): Map<string, Pair> {
  return new Map(Object.entries(counts).map(([key, [packets, sources]]) => [key, { packets, sources }]))
}

function day(startSeconds: number, ports: Counts, regions: Counts, over: Partial<ReportDay> = {}): ReportDay {
  const sum = (counts: Counts): Pair => {
    const all = Object.values(counts)
    return {
      packets: all.reduce((total, [packets]) => total + packets, 0),
      sources: all.reduce((total, [, sources]) => total + sources, 0)
    }
  }
  const mirai = { KR: [10, 4], JP: [5, 5] } as const
  const vantage: DayCounts = {
    all: sum(regions),
    mirai: sum(mirai),
    ports: pairs(ports),
    regions: pairs(regions),
    miraiPorts: pairs({ '23/TCP': [15, 9] }),
    miraiRegions: pairs(mirai)
  }
  const everywhere = {
    ports: new Map(Object.entries(ports).map(([key, [packets]]) => [key, packets * 3])),
    regions: new Map(Object.entries(regions).map(([key, [packets]]) => [key, packets * 2]))
  }
  return { startSeconds, vantage, everywhere, darkAddresses: 256, ...over }
}

function input(days: readonly ReportDay[], over: Partial<ReportInput> = {}): ReportInput {
  const [totals, totalsBefore] = [new TotalsSum(), new TotalsSum()]
  for (const each of days) (PERIOD.days.includes(each.startSeconds) ? totals : totalsBefore).add(each)
  return {
    period: PERIOD,
    before: BEFORE,
    zone: ZONE,
    country: 'JP',
    days: days.map(withoutSmallPorts),
    totals,
    totalsBefore,
    surges: [],
    quality: {
      geo: [{ name: 'geo.mmdb', built: '2022-07-01' }],
      sensors: 2,
      areSilentKnown: true,
      silent: [{ sensor: 'secret-1', days: [PERIOD.days[3]!] }],
      rejectedFrames: [{ reason: 'not-ip', frames: 7 }],
      damagedFiles: ['secret-2.pcap'],
      missingFrames: 0,
      areSurgesJudged: true,
      areSurgesOfAll: false
    },
    synthetic: null,
    ...over
  }
}

const PORTS = {
  '23/TCP': [100, 30],
  ICMP: [40, 40],
  '22/TCP': [40, 5],
  '80/TCP': [20, 5],
  '443/TCP': [10, 5],
  '8080/TCP': [6, 5],
  '9/TCP': [1, 1]
} as const
const REGIONS = { US: [150, 20], KR: [50, 60], JP: [17, 11] } as const
const whole = [
  ...BEFORE.days.map((start) => day(start, { '22/TCP': [90, 9], '23/TCP': [50, 9] }, { KR: [140, 18] })),
  ...PERIOD.days.map((start) => day(start, PORTS, REGIONS))
]

describe('periods', () => {
  test('are whole days of their zone', () => {
    const quarter = quarterPeriod('2022Q2', ZONE, '--quarter')
    expect([quarter.days.length, quarter.fromSeconds]).toEqual([
      91,
      Date.parse('2022-03-31T15:00:00Z') / 1000
    ])
    expect([quarterBefore('2022Q2'), quarterBefore('2022Q1')]).toEqual(['2022Q1', '2021Q4'])
    expect([PERIOD.days.length, BEFORE.days.length, BEFORE.toSeconds]).toEqual([10, 10, PERIOD.fromSeconds])
    expect(() => quarterPeriod('2022-Q2', ZONE, '--quarter')).toThrow(/2022Q2/)
    expect(quarterPeriod('2022Q1', 'Europe/Berlin', '--quarter').days.length).toBe(90)
  })
})

describe('rankings', () => {
  const model = buildReport(input(whole))

  test('are by packets, of equals first by key, with the rank before, the rank by sources, shares and change', () => {
    const rows = model.tables.ports.map(({ rank, key, previousRank, sourcesRank }) => [
      rank,
      key,
      previousRank,
      sourcesRank
    ])
    expect(rows.slice(0, 5)).toEqual([
      [1, '23/TCP', 2, 2],
      [2, '22/TCP', 1, 3],
      [3, 'ICMP', null, 1],
      [4, '80/TCP', null, 5],
      [5, '443/TCP', null, 4]
    ])
    const [telnet] = model.tables.ports
    expect(telnet).toMatchObject({ packets: 1000, sources: 300, change: 2, perAddressRank: 1 })
    expect(telnet!.share).toBeCloseTo(1000 / 2170, 9)
    expect(telnet!.perAddress).toBeCloseTo(100 / 256, 3)
  })

  test('go on until half of the packets are in them, five rows at least', () => {
    expect(model.tables.ports.length).toBe(5)
    const flat = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`${i + 1000}/TCP`, [10, 1] as const])
    )
    const spread = buildReport(input(PERIOD.days.map((start) => day(start, flat, { US: [400, 40] }))))
    expect(spread.tables.ports.length).toBe(20)
  })

  test('hold what small ports got, though no figure does', () => {
    const totals = new TotalsSum()
    for (const each of whole) totals.add(each)
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`${i + 1}/TCP`, [i === 21 ? 9 : 1, 1] as const])
    )
    const kept = withoutSmallPorts(day(PERIOD.days[0]!, many, REGIONS)).vantage.ports
    expect([...kept.keys()]).toEqual(['22/TCP'])
    expect(totals.ports.get('9/TCP')).toEqual({ packets: 10, sources: 10 })
    // Of few ports none is small.
    expect(withoutSmallPorts(whole.at(-1)!).vantage.ports.has('9/TCP')).toBe(true)
  })

  test('a sensor that joins moves no place by packets a dark address', () => {
    // Twice the addresses from the sixth day on, and twice the packets of one port then.
    const joined = PERIOD.days.map((start, i) =>
      day(
        start,
        { '1/TCP': [i < 5 ? 10 : 20, 1], '2/TCP': [16, 1] },
        { US: [40, 2] },
        { darkAddresses: i < 5 ? 256 : 512 }
      )
    )
    const rows = buildReport(input(joined)).tables.ports
    expect(rows.map(({ key, rank, perAddressRank }) => [key, rank, perAddressRank])).toEqual([
      ['2/TCP', 1, 1],
      ['1/TCP', 2, 2]
    ])
    expect(rows[1]!.perAddress).toBeCloseTo(10 / 256, 4)
    expect(rows[0]!.perAddress).toBeCloseTo((16 / 256 + 16 / 512) / 2, 4)
  })
})

test('a day that nobody observed is a gap, not a zero, and is named', () => {
  const gap = PERIOD.days[4]!
  const model = buildReport(input(whole.filter(({ startSeconds }) => startSeconds !== gap)))
  const [line] = model.figures.ports.lines
  expect(line!.values[4]).toBeNull()
  expect(line!.means[9]).toBe(100)
  expect(model.quality.missingDays).toEqual([gap])
  expect(reportHtml(model, { language: 'en', audience: 'public' })).toContain('No data: 2022-04-14')
  // The line is broken: it starts twice.
  const svg = reportHtml(model, { language: 'en', audience: 'public' }).split('<svg')[1]!
  expect(/<path d="(M[^"]*)"/.exec(svg)![1]!.match(/M/g)!.length).toBe(2)
})

test('inside and outside are shares of the packets there', () => {
  const { vantages } = buildReport(input(whole))
  const telnet = vantages!.ports[0]!
  expect([telnet.key, telnet.inside]).toEqual(['23/TCP', 1000 / 2170])
  const korea = vantages!.regions.find(({ key }) => key === 'KR')!
  expect(korea.outside).toBeCloseTo(500 / 2170, 9)
})

/** A surge that one sensor carries. */
const BY_SENSOR = {
  series: 'port=23/TCP',
  kind: 'step' as const,
  onsetSeconds: PERIOD.days[2]!,
  onsetFromSeconds: PERIOD.days[2]!,
  onsetToSeconds: PERIOD.days[2]!,
  detectedSeconds: PERIOD.days[3]!,
  closedSeconds: null,
  ratio: 2,
  severity: 'page' as const,
  story: 'a',
  drivers: [{ dimension: 'sensor', key: 'secret-3', share: 1 }],
  causes: []
}

describe.each(['ja', 'en'] as const)('in %s', (language) => {
  test('a public report names no sensor, an internal one does', () => {
    const model = buildReport(input(whole, { surges: [BY_SENSOR] }))
    const pages = (['public', 'internal'] as const).map((audience) => [
      reportHtml(model, { language, audience }),
      reportJson(model, audience),
      ...reportCsv(model).values()
    ])
    expect(pages[0]!.join('')).not.toMatch(/secret-\d/)
    for (const name of ['secret-1', 'secret-3']) expect(pages[1]![0]).toContain(name)
    expect(pages[1]![1]).toContain('secret-1')
  })

  test('synthetic data say so on every part', () => {
    const page = reportHtml(buildReport(input(whole, { synthetic: 'made-up' })), {
      language,
      audience: 'public'
    })
    const parts = page.match(/<section/g)!.length
    expect(page.match(/made-up/g)!.length).toBeGreaterThanOrEqual(parts)
    expect(reportHtml(buildReport(input(whole)), { language, audience: 'public' })).not.toContain(
      'class="synthetic"'
    )
  })
})

test('Japanese names are those that JPCERT/CC writes', () => {
  const page = reportHtml(buildReport(input(whole)), { language: 'ja', audience: 'public' })
  for (const name of ['米国', '韓国', '日本', '表1', '図6']) expect(page).toContain(name)
  expect(page).not.toMatch(/アメリカ合衆国|大韓民国/)
})

test('a period may be held against one that it shares days with', () => {
  const collected = new CollectedDays(PERIOD, { ...PERIOD, label: 'the same' })
  for (const each of whole) collected.add(each)
  expect(collected.days).toHaveLength(PERIOD.days.length)
  expect(collected.earlier.all.packets).toBe(collected.now.all.packets)
})

test('a day between two that nobody observed is drawn, and an onset on the last day is not beside the figure', () => {
  const some = whole.filter(({ startSeconds }) => ![4, 6].includes(PERIOD.days.indexOf(startSeconds)))
  const surge = { ...BY_SENSOR, onsetSeconds: PERIOD.days.at(-1)! + 20 * 3600 }
  const page = reportHtml(buildReport(input(some, { surges: [surge] })), {
    language: 'en',
    audience: 'public'
  })
  expect(page.match(/<circle /g)!.length).toBeGreaterThan(0)
  for (const [, at] of page.matchAll(/<line x1="([\d.]+)"[^>]*stroke="#b00020"/g))
    expect(Number(at)).toBeLessThanOrEqual(710)
})

test('where no sensor is outside there is nothing to compare', () => {
  const everywhere = { ports: new Map([['23/TCP', 217]]), regions: new Map([['US', 217]]) }
  const alone = PERIOD.days.map((start) => day(start, PORTS, REGIONS, { everywhere }))
  expect(buildReport(input(alone)).vantages).toBeNull()
})
