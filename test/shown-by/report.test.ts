// The quarter of the TSUBAME report, from synthetic packets through capture reader, decoder, tagger, geo data, counts and judge
// to the report: the reference's ranks and dated facts are found again, from packets alone.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { PROGRAM } from './oracle/program.ts'

interface Row {
  readonly rank: number
  readonly key: string
  readonly packets: number
  readonly sources: number
  readonly share: number
  readonly previousRank: number | null
  readonly miraiShare?: number
}

interface Surge {
  readonly series: string
  readonly kind: string
  readonly onset: string
  readonly closed: string | null
  readonly drivers: readonly { readonly dimension: string; readonly key: string; readonly share: number }[]
}

interface Report {
  readonly synthetic: string | null
  readonly totals: { readonly packets: number; readonly miraiPackets: number }
  readonly tables: { readonly ports: Row[]; readonly regions: Row[]; readonly miraiPorts: Row[] }
  readonly figures: {
    readonly miraiSources: Row[]
    readonly allSources: Row[]
    readonly miraiRegions: {
      readonly lines: readonly { readonly key: string; readonly values: readonly number[] }[]
    }
  }
  readonly vantages: Readonly<
    Record<'ports' | 'regions', { readonly key: string; readonly inside: number; readonly outside: number }[]>
  >
  readonly surges: Surge[]
  readonly quality: {
    readonly observedDays: number
    readonly silentSensors: number
    readonly silentSensorDays: number
  }
}

const PACKETS_PER_DAY = '20000'
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-report-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** In a process of its own, as a person runs it. */
function run(...args: readonly string[]): void {
  execFileSync(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
}

function synth(scenario: string, seed: string): string {
  const out = path.join(folder, `${scenario}-${seed}`)
  run('synth', '--scenario', scenario, '--seed', seed, '--packets-per-day', PACKETS_PER_DAY, '--out', out)
  return out
}

const QUARTER = ['--quarter', '2022Q2']

function report(
  captures: string,
  name: string,
  ...asked: readonly string[]
): { report: Report; out: string } {
  const out = path.join(folder, name)
  run('report', '--no-pdf', '--sensors-in', 'JP', '--tz', 'Asia/Tokyo', '--out', out, ...asked, captures)
  return { report: JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as Report, out }
}

const ranks = (rows: readonly Row[]) =>
  rows.slice(0, 5).map(({ rank, key, previousRank }) => [rank, key, previousRank])
const rankOf = (rows: readonly Row[], key: string): number => rows.findIndex((row) => row.key === key) + 1

/** Days between the onset of the nearest surge of a series and a date. */
function daysFrom(surges: readonly Surge[], series: string, date: string): number {
  const at = Date.parse(`${date}T00:00:00+09:00`)
  const distances = surges
    .filter((each) => each.series === series && each.kind !== 'heavy-hitter')
    .map(({ onset }) => Math.abs(Date.parse(onset) - at) / 86_400_000)
  return Math.min(Number.POSITIVE_INFINITY, ...distances)
}

/** By dimension, what its drivers' shares add up to. */
function sharesOf({ drivers }: Surge): Map<string, number> {
  const shares = new Map<string, number>()
  for (const { dimension, share } of drivers) shares.set(dimension, (shares.get(dimension) ?? 0) + share)
  return shares
}

describe.each(['1', '2', '3'])('seed %s', (seed) => {
  let made: Report

  beforeAll(() => {
    const captures = synth('tsubame-2022q2', seed)
    made = report(captures, `report-${seed}`, ...QUARTER).report
    if (seed !== '1') rmSync(captures, { recursive: true })
  }, 120_000)

  test('ports and regions have the ranks of the reference, and those of the quarter before', () => {
    expect(ranks(made.tables.ports)).toEqual([
      [1, '23/TCP', 2],
      [2, '6379/TCP', 1],
      [3, '22/TCP', 4],
      [4, '80/TCP', 6],
      [5, 'ICMP', 10]
    ])
    expect(ranks(made.tables.regions)).toEqual([
      [1, 'US', 1],
      [2, 'GB', 2],
      [3, 'RU', 4],
      [4, 'CN', 3],
      [5, 'KR', 6]
    ])
  })

  test('Japan is 8th by Mirai-type sources and 19th by all; India and Taiwan stand out among all only', () => {
    const { miraiSources, allSources } = made.figures
    expect([rankOf(miraiSources, 'JP'), rankOf(allSources, 'JP')]).toEqual([8, 19])
    for (const key of ['CN', 'KR', 'US']) {
      expect(rankOf(miraiSources, key)).toBeLessThanOrEqual(3)
      expect(rankOf(allSources, key)).toBeLessThanOrEqual(5)
    }
    for (const key of ['IN', 'TW']) {
      expect(rankOf(miraiSources, key)).toBeGreaterThan(8)
      expect(rankOf(allSources, key)).toBeLessThanOrEqual(9)
    }
  })

  test('Mirai-type packets have the shares of the reference, of ports and of regions', () => {
    const shareOf = (key: string): number =>
      made.tables.miraiPorts.find((row) => row.key === key)!.miraiShare!
    expect(shareOf('23/TCP')).toBeCloseTo(0.9434, 2)
    expect(shareOf('2323/TCP')).toBeCloseTo(0.8425, 1)
    expect(shareOf('22/TCP')).toBeCloseTo(0.3575, 1)
    expect(shareOf('5501/TCP')).toBeGreaterThan(0.99)
    expect(shareOf('37215/TCP')).toBeGreaterThan(0.99)
    const shares = new Map(
      made.figures.miraiRegions.lines.map(({ key, values }) => [
        key,
        values.reduce((sum, value) => sum + value, 0) / made.totals.miraiPackets
      ])
    )
    for (const [key, share] of Object.entries({ CN: 0.266, KR: 0.158, US: 0.118, IN: 0.073, TW: 0.059 }))
      expect(Math.abs(shares.get(key)! - share)).toBeLessThan(0.015)
  })

  test('the steep rises are found within three days of their dates, and that of Japan in spring within eight', () => {
    const { surges } = made
    expect(daysFrom(surges, 'region=KR,tag=mirai', '2022-05-11')).toBeLessThanOrEqual(3)
    expect(daysFrom(surges, 'region=RU', '2022-05-18')).toBeLessThanOrEqual(3)
    expect(daysFrom(surges, 'region=TW,tag=mirai', '2022-06-26')).toBeLessThanOrEqual(3)
    expect(daysFrom(surges, 'region=JP,tag=mirai', '2022-04-25')).toBeLessThanOrEqual(8)
  })
})

test('a surge says what it is made of, by ports, networks and sources, and the shares add up', () => {
  const captures = path.join(folder, 'tsubame-2022q2-1')
  const { report: made } = report(captures, 'made-of', '--from', '2022-05-01', '--to', '2022-06-01')
  const kr = made.surges.find(({ series }) => series === 'region=KR,tag=mirai')!
  const shares = sharesOf(kr)
  expect([...shares.keys()]).toEqual(['port', 'asn', 'source'])
  for (const share of shares.values()) expect(share).toBeCloseTo(1, 6)
  expect(kr.drivers[0]).toMatchObject({ dimension: 'port', key: '23/TCP' })
  // The largest network of Korea, by the geo data that the scenario draws from.
  expect(kr.drivers.filter(({ dimension }) => dimension === 'asn').map(({ key }) => key)).toContain('4766')
  for (const rows of [made.vantages.ports, made.vantages.regions]) {
    const outside = rows.reduce((sum, row) => sum + row.outside, 0)
    expect(outside).toBeGreaterThan(0.5)
    expect(outside).toBeLessThanOrEqual(1)
  }
  // Mirai-type packets come oftener outside Japan, as the scenario says.
  expect(made.vantages.ports[0]!.outside).toBeGreaterThan(made.vantages.ports[0]!.inside)
}, 120_000)

test('the same report twice is the same bytes, in either language, and names no sensor and no dark address', () => {
  const captures = path.join(folder, 'tsubame-2022q2-1')
  const [one, two] = ['once', 'twice'].map((name) => report(captures, name, ...QUARTER, '--lang', 'ja'))
  for (const name of readdirSync(one!.out))
    expect(readFileSync(path.join(two!.out, name)).equals(readFileSync(path.join(one!.out, name)))).toBe(true)
  expect(one!.report.synthetic).toBe('tsubame-2022q2')
  const page = readFileSync(path.join(one!.out, 'report.html'), 'utf8')
  expect(page).toContain('合成データ')
  expect(page.match(/class="synthetic"/g)!.length).toBeGreaterThanOrEqual(8)
  const everything = readdirSync(one!.out)
    .map((name) => readFileSync(path.join(one!.out, name), 'utf8'))
    .join('\n')
  for (const secret of ['jp-tokyo-1', 'kr-seoul-1', '198.18.', 'Partner A'])
    expect(everything).not.toContain(secret)
  // Nothing is loaded from anywhere.
  expect(page).not.toMatch(/(?:src|href)=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)

  const internal = report(
    captures,
    'internal',
    '--from',
    '2022-02-01',
    '--to',
    '2022-03-01',
    '--audience',
    'internal'
  )
  expect(readFileSync(path.join(internal.out, 'report.html'), 'utf8')).toContain('jp-osaka-1')
  expect(internal.report.quality).toMatchObject({ observedDays: 28, silentSensors: 1, silentSensorDays: 2 })
}, 120_000)

test('a quiet quarter has no surge that pages', () => {
  const { report: made } = report(synth('quiet', '1'), 'quiet-report', ...QUARTER)
  expect(made.synthetic).toBe('quiet')
  expect(made.surges).toEqual([])
}, 120_000)

test('without the packets of one port the others move up', () => {
  const captures = path.join(folder, 'tsubame-2022q2-1')
  const week = ['--from', '2022-04-01', '--to', '2022-04-08']
  const { report: whole } = report(captures, 'whole', ...week)
  const { report: filtered } = report(
    withoutPort(captures, path.join(folder, 'without-redis')),
    'filtered',
    ...week
  )
  const keys = whole.tables.ports.map(({ key }) => key).filter((key) => key !== '6379/TCP')
  expect(filtered.tables.ports.map(({ key }) => key).slice(0, 4)).toEqual(keys.slice(0, 4))
  expect(rankOf(filtered.tables.ports, '22/TCP')).toBe(rankOf(whole.tables.ports, '22/TCP') - 1)
}, 120_000)

/** The captures of a week through tcpdump, without one port. */
function withoutPort(captures: string, out: string): string {
  execFileSync('cp', ['-r', captures, out])
  for (const sensor of readdirSync(out, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    for (const name of readdirSync(path.join(out, sensor.name))) {
      const file = path.join(out, sensor.name, name)
      if (!/2022-0(3-2[5-9]|3-3|4-0[1-8])/.test(name)) rmSync(file)
      else {
        execFileSync('tcpdump', ['-r', file, '-w', `${file}.new`, 'not tcp dst port 6379'], {
          stdio: 'ignore'
        })
        execFileSync('mv', [`${file}.new`, file])
      }
    }
  }
  return out
}
