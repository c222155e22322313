import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { FIRST_HOUR, makeHours } from '../core/surges/made-series.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

const HOURS = 50 * 24
const ONSET = 30 * 24
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stormpetrel-surges-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function timeOf(hour: number): string {
  return new Date((FIRST_HOUR + hour) * 3_600_000).toISOString()
}

interface Row {
  readonly series: string
  readonly hour: number
  readonly rest: string
}

/** Rows of a series that rises threefold for a week, and of one that does not. */
function rows(): Row[] {
  const risen = makeHours(HOURS, 20, (hour) => (hour >= ONSET && hour < ONSET + 168 ? 3 : 1), 3)
  const quiet = makeHours(HOURS, 20, (hour) => (hour > 600 && hour < 620 ? null : 1), 4)
  const rowsOf = (series: string, hours: typeof risen) =>
    hours.flatMap((each, hour) =>
      each === null ? [] : [{ series, hour, rest: `${each.packets},${each.sources}` }]
    )
  return [...rowsOf('23/TCP', risen), ...rowsOf('80/TCP', quiet)]
}

function write(name: string, header: string, lines: readonly string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `${[header, ...lines].join('\n')}\n`)
  return path
}

const lineOf = ({ series, hour, rest }: Row) => `${series},${timeOf(hour)},${rest}`
const HEADER = 'series,window_start,packets,sources'

test('a row a surge: when it began, was seen and ended, how large, and how sure', async () => {
  const { stdout, stderr, exitCode } = await stormpetrel([
    'surges',
    '--counts',
    write('series.csv', HEADER, rows().map(lineOf))
  ])

  expect([exitCode, stderr]).toEqual([0, ''])
  const [surge, ...others] = parseLines(stdout)
  expect(others).toEqual([])
  expect(surge).toMatchObject({ series: '23/TCP', kind: 'step', state: 'closed' })
  const hour = (name: string) => Date.parse(String(surge![name])) / 3_600_000 - FIRST_HOUR
  expect(Math.abs(hour('onset') - ONSET)).toBeLessThanOrEqual(1)
  expect(hour('detected')).toBeLessThanOrEqual(ONSET + 10)
  expect(Math.abs(hour('closed') - ONSET - 168)).toBeLessThanOrEqual(3)
  expect(Number(surge!['ratio'])).toBeCloseTo(3, 0)
  expect(Number(surge!['score'])).toBeLessThanOrEqual(0.01)
})

test('rows ordered by time say the same as rows ordered by series', async () => {
  const byTime = rows().sort((a, b) => a.hour - b.hour)
  const sorted = await stormpetrel(['surges', '--counts', write('t.csv', HEADER, byTime.map(lineOf))])
  const grouped = await stormpetrel(['surges', '--counts', write('s.csv', HEADER, rows().map(lineOf))])

  expect(sorted.stdout).toBe(grouped.stdout)
  expect(parseLines(sorted.stdout).length).toBe(1)
})

const rise = (hour: number, sensor: number, risen: number) => (hour >= ONSET && sensor < risen ? 8 : 1)

/** Six sensors whose rows alternate; from the onset on some of them rise. */
function sensorRows(risen: number): string[] {
  const sensors = Array.from({ length: 6 }, (_, sensor) =>
    makeHours(HOURS, 5, (hour) => rise(hour, sensor, risen), sensor + 10).map(
      (each, hour) => `all,s${sensor},${timeOf(hour)},${each!.packets},${each!.sources},256`
    )
  )
  return sensors[0]!.flatMap((_, hour) => sensors.map((each) => each[hour]!))
}

test('with a sensor column one sensor cannot carry a surge alone, and two can', async () => {
  const header = 'series,sensor,window_start,packets,sources,dark_addresses'
  const one = await stormpetrel(['surges', '--counts', write('one.csv', header, sensorRows(1))])
  const two = await stormpetrel(['surges', '--counts', write('two.csv', header, sensorRows(2))])

  expect([one.exitCode, one.stdout]).toEqual([0, ''])
  expect(parseLines(two.stdout)).toMatchObject([{ series: 'all', state: 'open', closed: null }])
})

describe('a file that cannot be used', () => {
  const first = `a,${timeOf(1)},1,1`
  test.each([
    ['line 3: window_start', [first, 'a,noon,1,1']],
    [
      "line 3: series 'a' at .* is earlier than a row of that series before it",
      [first, `a,${timeOf(0)},1,1`]
    ],
    ["line 3: series 'a' at .* was there already", [first, first]]
  ])('is named with its line and what to do: %s', async (reason, lines) => {
    const path = write('bad.csv', HEADER, lines)
    const { stdout, stderr, exitCode } = await stormpetrel(['surges', '--counts', path])

    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(new RegExp(`^stormpetrel: ${path}, ${reason}`))
  })

  test('and so is one that is empty, or is not there', async () => {
    const path = join(folder, 'empty.csv')
    writeFileSync(path, '')

    expect(await stormpetrel(['surges', '--counts', path])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('it is empty')
    })
    expect(await stormpetrel(['surges', '--counts', join(folder, 'none.csv')])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('cannot be read')
    })
  })
})

test.each([
  ['--false-alarms', '0'],
  ['--false-alarms', 'few'],
  ['--smallest-ratio', '1'],
  ['--smallest-count', '-3']
])('%s %s is bad usage', async (option, value) => {
  const { exitCode, stderr } = await stormpetrel(['surges', '--counts', 'x.csv', option, value])

  expect(exitCode).toBe(2)
  expect(stderr).toContain(option)
})
