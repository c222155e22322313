// One report from three sources: captures, the run that they were replayed into over the real Kafka and Redis, and files of export.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { stormpetrel } from '../cli/collected-output.ts'
import { type Deployment, freshDeployment } from './stack/deployment.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-report-'))
let deployment: Deployment | null = null
afterAll(async () => {
  await deployment?.end()
  rmSync(folder, { recursive: true, force: true })
})

/** Two countries' sensors; from 22 April on Mirai-type packets from KR come four times as often. */
const SCENARIO = `name: two-countries
from: 2022-04-01
to: 2022-04-30
time-zone: Asia/Tokyo
reference: { from: 2022-04-01, to: 2022-04-30 }
sensors:
  - { id: tokyo-1, country: JP, dark-space: [203.0.113.0/24] }
  - { id: osaka-1, country: JP, dark-space: [198.51.100.0/25], down: { from: 2022-04-18, to: 2022-04-19 } }
  - { id: seoul-1, country: KR, dark-space: [198.51.100.128/25] }
flows:
  - name: telnet
    tool: mirai
    packets: 60
    ports: { 23/TCP: 9, 2323/TCP: 1 }
    tail: 1
    heavy: 0
    regions: { KR: { weight: 1, curve: { 2022-04-01: 1, 2022-04-21: 1, 2022-04-22: 4 } }, CN: 1 }
  - name: ssh
    tool: linux
    packets: 40
    ports: { 22/TCP: 2, 6379/TCP: 1, other/TCP: 1 }
    regions: { US: 2, RU: 1 }
`

interface Row {
  readonly key: string
  readonly rank: number
  readonly previousRank: number | null
  readonly packets: number
  readonly sources: number
}

interface Report {
  readonly totals: Readonly<Record<string, number>>
  readonly totalsBefore: Readonly<Record<string, number>>
  readonly tables: Readonly<Record<'ports' | 'regions' | 'miraiPorts', Row[]>>
  readonly figures: Readonly<Record<string, unknown>> & Readonly<Record<'miraiSources' | 'allSources', Row[]>>
  readonly vantages: unknown
  readonly surges: readonly { readonly series: string; readonly kind: string; readonly onset: string }[]
  readonly synthetic: string | null
  readonly quality: { readonly silentSensors: number; readonly silentSensorDays: number }
}

const PERIOD = [
  '--no-pdf',
  '--from',
  '2022-04-16',
  '--to',
  '2022-05-01',
  '--sensors-in',
  'JP',
  '--tz',
  'Asia/Tokyo'
]
let captures = ''

async function report(name: string, ...asked: readonly string[]): Promise<Report> {
  const out = path.join(folder, name)
  const { exitCode, stderr } = await deployment!.call('report', ...PERIOD, '--out', out, ...asked)
  expect([exitCode, stderr]).toEqual([0, expect.any(String)])
  return JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as Report
}

beforeAll(async () => {
  const file = path.join(folder, 'two-countries.yaml')
  writeFileSync(file, SCENARIO)
  captures = path.join(folder, 'captures')
  const asked = ['synth', '--scenario', file, '--packets-per-day', '3000', '--out', captures]
  expect((await stormpetrel(asked, {})).exitCode).toBe(0)
  deployment = await freshDeployment({
    STORMPETREL_SENSORS_FILE: path.join(captures, 'sensors.yaml'),
    STORMPETREL_DAY_TIME_ZONES: 'Asia/Tokyo'
  })
  const replayed = await deployment.start(['replay', '--run', 'april', captures]).ended
  expect([replayed.exitCode, replayed.signal]).toEqual([0, null])
}, 180_000)

const packetsOf = (rows: readonly Row[]) =>
  rows.map(({ rank, key, packets, previousRank }) => ({ rank, key, packets, previousRank }))

test("each capture of a run is its sensor's", async () => {
  const { stdout } = await deployment!.call('ledger', '--run', 'april', '--format', 'csv')
  const sensors = stdout.split('\n').flatMap((line) => /^[a-z]+-1(?=,)/.exec(line)?.[0] ?? [])
  expect(sensors.sort()).toEqual(['osaka-1', 'seoul-1', 'tokyo-1'])
}, 60_000)

test('the report of captures, of a run and of exports has the same packets, ranks and surges', async () => {
  const exported = ['days.gz', 'hours.gz'].map((name) => path.join(folder, name))
  const run = ['export', '--run', 'april', '--out']
  const days = await deployment!.call(...run, exported[0]!, '--window', 'day', '--tz', 'Asia/Tokyo')
  const hours = await deployment!.call(...run, exported[1]!)
  expect([days.exitCode, hours.exitCode]).toEqual([0, 0])

  const ofCaptures = await report('of-captures', captures)
  const others = [await report('of-run', '--run', 'april'), await report('of-exports', ...exported)]

  expect(ofCaptures.tables.ports[0]).toMatchObject({ rank: 1, key: '23/TCP' })
  expect(ofCaptures.totals['packets']).toBeGreaterThan(20_000)
  for (const [number, other] of others.entries()) {
    // Windows that may still be counted are not exported: the last two days.
    const isWhole = number === 0
    if (isWhole) {
      expect(other.totals['packets']).toBe(ofCaptures.totals['packets'])
      for (const table of ['ports', 'regions', 'miraiPorts'] as const)
        expect(packetsOf(other.tables[table])).toEqual(packetsOf(ofCaptures.tables[table]))
      expect(other.vantages).toEqual(ofCaptures.vantages)
      // Osaka was down for two days.
      for (const { quality } of [ofCaptures, other])
        expect([quality.silentSensors, quality.silentSensorDays]).toEqual([1, 2])
    }
    expect(other.totalsBefore['packets']).toBe(ofCaptures.totalsBefore['packets'])
    expect(other.synthetic).toBe('two-countries')
    for (const [i, row] of ofCaptures.figures.allSources.entries()) {
      if (isWhole) expect(Math.abs(other.figures.allSources[i]!.sources / row.sources - 1)).toBeLessThan(0.05)
    }
    for (const series of ['region=KR', 'tag=mirai', 'port=23/TCP']) {
      const [ours, theirs] = [ofCaptures, other].map(({ surges }) =>
        surges.find((each) => each.series === series)
      )
      expect([series, theirs?.kind, theirs?.onset]).toEqual([series, ours?.kind, ours?.onset])
      expect(ours).toBeDefined()
    }
  }
}, 120_000)
