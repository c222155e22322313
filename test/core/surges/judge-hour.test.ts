import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../../../bench/detection/random.ts'
import type { HourCounts } from '../../../core/surges/hour-counts.ts'
import { judgeAll, makeHours } from './made-series.ts'

const DAY = 24
const QUARTER = 91 * DAY
const ONSET = 40 * DAY + 7

function step(ratio: number, hours = Number.POSITIVE_INFINITY): (hour: number) => number {
  return (hour) => (hour >= ONSET && hour < ONSET + hours ? ratio : 1)
}

test('a step is told within hours, with its onset and ratio, and closed when it is over', () => {
  const changes = judgeAll(makeHours(QUARTER, 20, step(3, 10 * DAY)))

  const opened = changes[0]!
  expect(opened.closedHour).toBeNull()
  expect(opened.detectedHour - ONSET).toBeLessThanOrEqual(10)
  expect(Math.abs(opened.onsetHour - ONSET)).toBeLessThanOrEqual(1)
  const closed = changes.at(-1)!
  expect(closed).toMatchObject({ kind: 'step', end: 'over', onsetHour: opened.onsetHour })
  expect(Math.abs(closed.closedHour! - (ONSET + 10 * DAY))).toBeLessThanOrEqual(3)
  expect(closed.ratio).toBeGreaterThan(2.7)
  expect(closed.ratio).toBeLessThan(3.3)
  expect(closed.score!).toBeLessThanOrEqual(0.01)
})

test('some hours of many sources are a spike', () => {
  const changes = judgeAll(makeHours(QUARTER, 20, step(7, 3)))

  expect(changes.map(({ kind }) => kind)).toEqual(['spike', 'spike'])
  expect(changes[0]!.detectedHour).toBe(ONSET + 1)
  expect(changes[1]).toMatchObject({ onsetHour: ONSET, closedHour: ONSET + 3, end: 'over' })
})

test('a rise over weeks is a trend', () => {
  const ramp = (hour: number) => 1 + Math.min(1, Math.max(0, (hour - ONSET) / (30 * DAY)))
  const changes = judgeAll(makeHours(QUARTER, 50, ramp))

  expect(changes[0]!.kind).toBe('trend')
  expect(changes[0]!.detectedHour - ONSET).toBeLessThan(23 * DAY)
  expect(Math.abs(changes[0]!.onsetHour - ONSET)).toBeLessThan(5 * DAY)
})

test('a surge does not become the baseline until it has lasted four weeks, and then it does', () => {
  const changes = judgeAll(makeHours(QUARTER, 20, step(4)))

  const closed = changes.at(-1)!
  expect(closed).toMatchObject({ kind: 'step', end: 'became-usual' })
  expect(closed.closedHour! - closed.onsetHour).toBeGreaterThanOrEqual(28 * DAY)
  expect(closed.closedHour! - closed.onsetHour).toBeLessThan(29 * DAY)
})

test('a second surge is held against the level before the first one', () => {
  const twice = (hour: number) =>
    (hour >= ONSET && hour < ONSET + 5 * DAY) || hour >= ONSET + 15 * DAY ? 2.5 : 1
  const opened = judgeAll(makeHours(QUARTER, 40, twice)).filter(({ end }) => end === null)
  const [first, second] = opened.filter((each, i) => each.detectedHour !== opened[i - 1]?.detectedHour)

  expect(first!.detectedHour - ONSET).toBeLessThanOrEqual(12)
  expect(second!.detectedHour - (ONSET + 15 * DAY)).toBeGreaterThan(0)
  expect(second!.detectedHour - (ONSET + 15 * DAY)).toBeLessThanOrEqual(12)
})

function away(hour: number): boolean {
  return hour >= ONSET && hour < ONSET + 20 * DAY
}

test('a surge is found soon after silent sensors are back', () => {
  const [from, to] = [ONSET - 12, ONSET - 6]
  const isSilent = (hour: number) => hour >= from && hour < to
  const hours = makeHours(ONSET + 5 * DAY, 100, (hour) => (isSilent(hour) ? 0.6 : hour >= ONSET ? 4 : 1))
  const told = hours.map((each, hour) => ({ ...each!, darkAddresses: isSilent(hour) ? 768 : 1280 }))

  const opened = judgeAll(told)[0]!
  expect(opened.detectedHour).toBeGreaterThan(ONSET)
  expect(opened.detectedHour).toBeLessThanOrEqual(ONSET + 6)
})

describe('what is no surge', () => {
  test('a gap, told of or left out, is no zero: what comes after it is judged as if nothing had been', () => {
    const gap = (hour: number) => (hour >= ONSET && hour < ONSET + 3 * DAY ? null : 1)

    expect(judgeAll(makeHours(QUARTER, 20, gap))).toEqual([])
    // A surge in the hours before a gap and after it is one.
    const around = (hour: number) => (gap(hour) === null ? null : hour >= ONSET - 6 ? 3 : 1)
    const opened = judgeAll(makeHours(ONSET + 10 * DAY, 20, around))
    expect(new Set(opened.map(({ detectedHour }) => detectedHour)).size).toBe(1)
  })

  test('half a day of zeros, where there are always some, is no baseline', () => {
    expect(judgeAll(makeHours(QUARTER, 40, step(0, 12)))).toEqual([])
  })

  test("a holiday's dip and return", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(judgeAll(makeHours(QUARTER, 60, step(0.5, 3 * DAY), seed))).toEqual([])
    }
  })

  test('a sensor that joins, whose addresses are told', () => {
    const hours = makeHours(QUARTER, 20, step(2))
    const told = hours.map((each, hour) => ({ ...each!, darkAddresses: hour < ONSET ? 2048 : 4096 }))

    expect(judgeAll(told)).toEqual([])
    expect(judgeAll(hours).length).toBeGreaterThan(0)
  })

  test('a sensor that leaves and comes back', () => {
    const hours = makeHours(QUARTER, 20, (hour) => (away(hour) ? 0.5 : 1))
    const told = hours.map((each, hour) => ({ ...each!, darkAddresses: away(hour) ? 2048 : 4096 }))

    expect(judgeAll(told)).toEqual([])
  })

  test('an hour in which no address listened', () => {
    const hours = makeHours(QUARTER, 20, step(0, 2 * DAY))
    const dead = hours.map((each, hour) => ({
      ...each!,
      darkAddresses: hour >= ONSET && hour < ONSET + 2 * DAY ? 0 : 512
    }))

    expect(judgeAll(dead)).toEqual([])
  })

  test('what many quarters of nothing hold, at one false alarm in ten of them', () => {
    let alarms = 0
    for (let seed = 0; seed < 60; seed++) {
      const rate = [0.5, 5, 80][seed % 3]!
      const opened = judgeAll(
        makeHours(QUARTER, rate, () => 1, 100 + seed),
        { falseAlarms: 0.1 }
      )
      alarms += opened.filter(({ end, kind }) => end === null && kind !== 'heavy-hitter').length
    }

    // Six are asked for.
    expect(alarms).toBeLessThanOrEqual(8)
  })
})

test('nothing alarms about as often as is asked for: never too often, and not never', () => {
  // What ten false alarms a series-quarter show in 60 series is what 0.06 show in 10,000.
  let alarms = 0
  for (let seed = 0; seed < 60; seed++) {
    const hours = makeHours(QUARTER, [0.5, 5, 80][seed % 3]!, () => 1, 200 + seed)
    alarms += judgeAll(hours, { falseAlarms: 10 }).filter(
      ({ end, kind }) => end === null && kind !== 'heavy-hitter'
    ).length
  }

  expect(alarms).toBeGreaterThanOrEqual(60)
  expect(alarms).toBeLessThanOrEqual(600)
})

describe('one loud source', () => {
  test('is a heavy hitter, no surge', () => {
    const hours = makeHours(QUARTER, 20).map((each, hour) =>
      hour >= ONSET && hour < ONSET + 4 ? { ...each!, packets: each!.packets + 3000 } : each
    )
    const changes = judgeAll(hours)

    expect(changes.map(({ kind }) => kind)).toEqual(['heavy-hitter', 'heavy-hitter'])
    expect(changes[0]).toMatchObject({
      onsetHour: ONSET,
      detectedHour: ONSET + 1,
      closedHour: null,
      score: null
    })
    expect(changes[1]).toMatchObject({ closedHour: ONSET + 4, end: 'over' })
  })

  test('is none where packets rise with their sources', () => {
    const kinds = judgeAll(makeHours(QUARTER, 20, step(5))).map(({ kind }) => kind)

    expect(kinds).not.toContain('heavy-hitter')
    expect(kinds.length).toBeGreaterThan(0)
  })
})

describe('one busy sensor', () => {
  const random = new SeededRandom(5, 5)
  /** Eight sensors; from the onset on a rise at `risen` of them. */
  function sensors(risen: number, rate: number): HourCounts[] {
    return Array.from({ length: QUARTER }, (_, hour) => {
      const counts = Array.from({ length: 8 }, (_, sensor) =>
        random.poisson((rate / 8) * (hour >= ONSET && sensor < risen ? 6 : 1))
      )
      const sources = counts.reduce((sum, count) => sum + count, 0)
      const [most, second] = counts.toSorted((a, b) => b - a)
      const busiest = { sensor: counts.indexOf(most!), count: most!, secondCount: second! }
      return { packets: 3 * sources, sources, busiest, darkAddresses: null }
    })
  }

  test.each([2, 40])('cannot carry a surge alone, at %i sources an hour', (rate) => {
    expect(judgeAll(sensors(1, rate))).toEqual([])
  })

  test.each([2, 40])('can with the others, at %i sources an hour', (rate) => {
    const [first] = judgeAll(sensors(8, rate))

    expect(first!.detectedHour - ONSET).toBeGreaterThan(0)
    expect(first!.detectedHour - ONSET).toBeLessThan(24)
  })
})

/** Counts that stand for ten each. */
function tenfold(rate: number, rateOf: (hour: number) => number, seed: number): HourCounts[] {
  return makeHours(QUARTER, rate, rateOf, seed).map((each) => {
    const sources = 10 * each!.sources!
    return { packets: 2 * sources, sources, busiest: null, darkAddresses: null }
  })
}

test('counts that stand for ten each tell no more than one of them', () => {
  // One in ten is counted: nothing for hours, then ten at once.
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const changes = judgeAll(tenfold(seed % 2 === 0 ? 0.1 : 0.2, () => 1, seed))
    expect(changes.filter(({ kind }) => kind !== 'heavy-hitter')).toEqual([])
  }
  // And a rise of such counts is one.
  const [first] = judgeAll(tenfold(0.4, step(6), 1))
  expect(first!.detectedHour - ONSET).toBeGreaterThan(0)
  expect(first!.detectedHour - ONSET).toBeLessThan(2 * DAY)
})

test('a benign drift is learnt: what goes on as it went is no surge', () => {
  let alarms = 0
  for (let seed = 0; seed < 12; seed++) {
    // By a seventh in thirty days.
    const drift = (hour: number) => Math.exp((0.15 * hour) / (30 * DAY))
    const opened = judgeAll(makeHours(2 * QUARTER, 60, drift, 400 + seed), { falseAlarms: 0.1 })
    alarms += opened.filter(({ end }) => end === null).length
  }
  // Of twelve series two or three are asked for; without the drift it was twenty-two.
  expect(alarms).toBeLessThanOrEqual(6)
})

test('without sources packets are judged', () => {
  const hours = makeHours(QUARTER, 20, step(3)).map((each) => ({ ...each!, sources: null }))
  const [first] = judgeAll(hours)

  expect(first!.kind).not.toBe('heavy-hitter')
  expect(first!.detectedHour - ONSET).toBeLessThanOrEqual(12)
})

test('settings: fewer false alarms take more evidence, and small ratios or counts are no surge', () => {
  const hours = makeHours(QUARTER, 100, step(1.5))
  const delay = (falseAlarms: number) => judgeAll(hours, { falseAlarms })[0]!.detectedHour - ONSET

  expect(delay(1)).toBeLessThan(delay(0.0001))
  expect(judgeAll(hours, { smallestRatio: 1.8 })).toEqual([])
  expect(judgeAll(makeHours(QUARTER, 2, step(4, 5)), { smallestCount: 500 })).toEqual([])
})
