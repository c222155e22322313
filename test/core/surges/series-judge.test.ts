// The judge of all series of a store: what is taken in, what goes on after a restart, what is forgotten.
import { expect, test } from '@jest/globals'
import type { HourReading, JudgedSurge, SeriesHour } from '../../../core/surges/hourly-judge.ts'
import { SeriesJudge } from '../../../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../../core/surges/settings.ts'
import { thresholdsOf } from '../../../core/surges/thresholds.ts'
import { poisson } from '../../builders/poisson.ts'

const START = 460_000
const DAY = 24
const thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS)

type Means = Readonly<Record<string, number>>

function reading(hour: number, means: Means, over: Partial<HourReading> = {}): HourReading {
  const series = new Map<string, SeriesHour>()
  for (const [index, [name, mean]] of Object.entries(means).entries()) {
    const sources = poisson(mean, hour * 31 + index)
    if (sources > 0) series.set(name, { packets: 3 * sources, sources })
  }
  return { startSeconds: (START + hour) * 3600, isObserved: true, darkAddresses: 256, series, ...over }
}

/** Judges hours from..to with what `of` says of each. */
function play(
  judge: SeriesJudge,
  from: number,
  to: number,
  of: (hour: number) => HourReading
): JudgedSurge[] {
  const judged: JudgedSurge[] = []
  for (let hour = from; hour < to; hour++) judged.push(...judge.judge(of(hour)))
  return judged
}

const USUAL: Means = { all: 200, 'port=23/TCP': 40, 'region=JP': 15 }

test('a port that nobody knew yesterday surges today, and quiet ones do not', () => {
  const judge = new SeriesJudge(thresholds, null)
  expect(play(judge, 0, 30 * DAY, (hour) => reading(hour, USUAL))).toEqual([])
  const judged = play(judge, 30 * DAY, 30 * DAY + 3, (hour) =>
    reading(hour, { ...USUAL, 'port=5555/TCP': 300 })
  )

  expect(judged.map(({ series, state }) => [series, state])).toEqual([['port=5555/TCP', 'open']])
  expect(judged[0]!.onsetSeconds).toBe((START + 30 * DAY) * 3600)
  expect(judged[0]!.detectedSeconds).toBe((START + 30 * DAY + 1) * 3600)
})

test('a surge is found in its series, and the others stay as they are', () => {
  const judge = new SeriesJudge(thresholds, null)
  play(judge, 0, 30 * DAY, (hour) => reading(hour, USUAL))
  const onset = 30 * DAY
  const judged = play(judge, onset, onset + DAY, (hour) => reading(hour, { ...USUAL, 'port=23/TCP': 160 }))

  expect(judged[0]).toMatchObject({ series: 'port=23/TCP', state: 'open', closedSeconds: null })
  expect(Math.abs(judged[0]!.onsetSeconds / 3600 - START - onset)).toBeLessThanOrEqual(1)
  expect(new Set(judged.map(({ series }) => series))).toEqual(new Set(['port=23/TCP']))
})

test('twice the sensors is no surge where the dark space says so, and it is one where it does not', () => {
  const twice = { all: 400, 'port=23/TCP': 80, 'region=JP': 30 }
  const outcome = (darkAddresses: number): JudgedSurge[] => {
    const judge = new SeriesJudge(thresholds, null)
    play(judge, 0, 30 * DAY, (hour) => reading(hour, USUAL))
    return play(judge, 30 * DAY, 32 * DAY, (hour) => reading(hour, twice, { darkAddresses }))
  }
  expect(outcome(512)).toEqual([])
  expect(outcome(256).length).toBeGreaterThan(0)
})

test('hours that nobody saw are no zeros: what comes after them is judged as before', () => {
  const judge = new SeriesJudge(thresholds, null)
  play(judge, 0, 30 * DAY, (hour) => reading(hour, USUAL))
  const nothing = { isObserved: false, series: new Map<string, SeriesHour>() }
  const gap = play(judge, 30 * DAY, 31 * DAY, (hour) => reading(hour, USUAL, nothing))
  const after = play(judge, 31 * DAY, 33 * DAY, (hour) => reading(hour, USUAL))

  expect([...gap, ...after]).toEqual([])
})

test('written and read at any hour it goes on as if it had never been away', () => {
  const of = (hour: number): HourReading =>
    reading(hour, { ...USUAL, ...(hour >= 25 * DAY && hour < 27 * DAY ? { 'port=23/TCP': 200 } : {}) })
  const whole = new SeriesJudge(thresholds, null)
  const expected = play(whole, 0, 30 * DAY, of)
  expect(expected.length).toBeGreaterThan(1)

  let judge = new SeriesJudge(thresholds, null)
  const judged: JudgedSurge[] = []
  for (let hour = 0; hour < 30 * DAY; hour += 37) {
    judged.push(...play(judge, hour, Math.min(hour + 37, 30 * DAY), of))
    judge = new SeriesJudge(thresholds, judge.toParts())
  }
  expect(judged).toEqual(expected)
  expect(judge.toParts()).toEqual(whole.toParts())
  expect(judge.series).toBe(3)
})

test('a series that was not seen for two months is forgotten, and few sources are not watched', () => {
  const judge = new SeriesJudge(thresholds, null)
  play(judge, 0, DAY, (hour) => reading(hour, { ...USUAL, 'port=7/TCP': 50, 'port=8/TCP': 0.01 }))
  expect(judge.series).toBe(4)
  play(judge, DAY, 62 * DAY, (hour) => reading(hour, USUAL))

  expect(judge.series).toBe(3)
})

test('parts hold a thousand series each', () => {
  const judge = new SeriesJudge(thresholds, null)
  const many = Object.fromEntries(Array.from({ length: 2500 }, (_, port) => [`port=${port}/TCP`, 30]))
  play(judge, 0, 2, (hour) => reading(hour, many))

  expect(judge.toParts().length).toBe(3)
  expect(new SeriesJudge(thresholds, judge.toParts()).series).toBe(judge.series)
})

test('a strong spike is seen before its hour is over, and a look changes nothing', () => {
  const judge = new SeriesJudge(thresholds, null)
  play(judge, 0, 30 * DAY, (hour) => reading(hour, USUAL))
  const before = judge.toParts()
  // A quarter of an hour of usual packets and of a port that has many.
  const early = { all: 50, 'port=23/TCP': 150, 'region=JP': 4, 'port=5555/TCP': 80 }
  const raised = judge.peek(reading(30 * DAY, early))

  expect(raised.map(({ series }) => series).sort()).toEqual(['port=23/TCP', 'port=5555/TCP'])
  expect(judge.peek(reading(30 * DAY, { all: 50, 'port=23/TCP': 10, 'region=JP': 4 }))).toEqual([])
  expect(judge.toParts()).toEqual(before)

  const judged = judge.judge(reading(30 * DAY, { ...early, all: 200, 'region=JP': 15 }))
  expect(
    judged
      .filter(({ state }) => state === 'open')
      .map(({ series }) => series)
      .sort()
  ).toEqual(['port=23/TCP', 'port=5555/TCP'])
  for (const { series, detectedSeconds } of raised)
    expect(judged.find((each) => each.series === series)!.detectedSeconds).toBe(detectedSeconds)
})

/** An hour with a port of six sources. */
function withScanner(hour: number, packets: number): HourReading {
  const series = new Map([...reading(hour, USUAL).series, ['port=53/UDP', { packets, sources: 6 }] as const])
  return reading(hour, USUAL, { series })
}

function heavyOf(judged: readonly JudgedSurge[]): JudgedSurge[] {
  return judged.filter(({ kind }) => kind === 'heavy-hitter')
}

test('a new series with many packets a source is no heavy hitter, until it has shown what is usual', () => {
  const judge = new SeriesJudge(thresholds, null)
  play(judge, 0, 20 * DAY, (hour) => reading(hour, USUAL))
  // Forty packets of each of six sources, hour after hour.
  const usual = play(judge, 20 * DAY, 22 * DAY, (hour) => withScanner(hour, 240))
  expect(heavyOf(usual)).toEqual([])
  const loud = heavyOf(play(judge, 22 * DAY, 22 * DAY + 2, (hour) => withScanner(hour, 4000)))
  expect(loud.map(({ series, state }) => [series, state])).toEqual([['port=53/UDP', 'open']])
  expect(loud[0]!.onsetSeconds).toBe((START + 22 * DAY) * 3600)
})

test('what nobody watches for does not change with the size of the telescope', () => {
  const nothing = { series: new Map<string, SeriesHour>() }
  const stateAt = (darkAddresses: (hour: number) => number): Uint8Array[] => {
    const judge = new SeriesJudge(thresholds, null)
    play(judge, 0, 60 * DAY, (hour) => reading(hour, {}, { ...nothing, darkAddresses: darkAddresses(hour) }))
    return judge.toParts()
  }
  expect(stateAt((hour) => (hour < 30 * DAY ? 256 : 8192))).toEqual(stateAt(() => 256))
})

test('of more series than there is room for the last are left out, and that is known', () => {
  const judge = new SeriesJudge(thresholds, null, 3)
  play(judge, 0, DAY, (hour) => reading(hour, USUAL))
  expect([judge.series, judge.hasLeftOut]).toEqual([3, false])
  const judged = play(judge, 30 * DAY, 30 * DAY + 3, (hour) =>
    reading(hour, { ...USUAL, 'port=5555/TCP': 300 })
  )
  expect([judge.series, judge.hasLeftOut]).toEqual([3, true])
  expect(judged.filter(({ series }) => series === 'port=5555/TCP')).toEqual([])
  // When others are forgotten there is room again.
  play(judge, 100 * DAY, 100 * DAY + 2, (hour) => reading(hour, { 'port=5555/TCP': 300 }))
  expect([judge.series, judge.hasLeftOut]).toEqual([1, false])
})
