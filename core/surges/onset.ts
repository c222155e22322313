// When a rise began, and whether it is a step or a trend.
import { hourlyDispersion, ringDay } from './dispersion.ts'
import * as at from './layout.ts'

/** Days that the fits look at. */
const FIT_DAYS = 42
const LEAST_TREND_DAYS = 3
/** Days of level before the first onset that is tried. */
const FIRST_PLACE = 4
/** A step that is seen only in days is rarer than a trend: it must fit better by this much (chi-squared). */
const STEP_PENALTY = 2
/** Of the wander's variance, what a day does not share with its neighbours, about. */
const WANDER_OF_A_DAY = 0.5
/** Share of the likelihood on each side of an interval. */
const INTERVAL_TAIL = 0.05
/** A fit this much worse than the best one still may be true: the interval's reach (chi-squared, 1 degree, 90 %). */
const INTERVAL_EVIDENCE = 1.35

/** An onset, in hours since 1970, and the kind of rise that fits. */
export const onset = {
  kind: 'step' as 'step' | 'trend',
  /** How much better a trend fits than a step (chi-squared). */
  preference: 0,
  hour: 0,
  fromHour: 0,
  toHour: 0
}

/**
 * The onset by hours: where the log likelihood ratio of a rise by `ratio`, summed back from `hour`, is greatest (Page
 * 1954). The answer is in `onset`.
 */
export function findSuddenOnset(
  rows: Float32Array,
  row: number,
  hour: number,
  rate: number,
  ratio: number
): void {
  const dispersion = hourlyDispersion(rows, row)
  const log = Math.log(ratio)
  let sum = 0
  let best = 0
  for (let back = 0; back < at.RING_HOURS; back++) {
    sum += stepEvidence(rows, row, hour - back, rate, ratio, log, dispersion)
    sums[back] = sum
    best = Math.max(best, sum)
  }
  let all = 0
  for (let back = 0; back < at.RING_HOURS; back++) all += sums[back] = Math.exp(sums[back]! - best)
  onset.kind = 'step'
  onset.hour = hour - backAt(0.5 * all)
  onset.fromHour = hour - backAt((1 - INTERVAL_TAIL) * all)
  onset.toHour = hour - backAt(INTERVAL_TAIL * all)
}

/** The first hour back at which the likelihoods of onsets, summed from the newest on, reach a sum. */
function backAt(wanted: number): number {
  let sum = 0
  for (let back = 0; back < at.RING_HOURS - 1; back++) {
    sum += sums[back]!
    if (sum >= wanted) return back
  }
  return at.RING_HOURS - 1
}

const sums = new Float64Array(at.RING_HOURS)

function stepEvidence(
  rows: Float32Array,
  row: number,
  hour: number,
  rate: number,
  ratio: number,
  log: number,
  dispersion: number
): number {
  const slot = hour % at.RING_HOURS
  const expected = rate * rows[row + at.HOUR_EXPOSURES + slot]!
  if (expected === 0) return 0
  const count = rows[row + at.HOUR_COUNTS + slot]!
  const evidence = (count * log - (ratio - 1) * expected) / (1 + dispersion * expected * Math.sqrt(ratio))
  return Math.max(-3, Math.min(3, evidence))
}

/**
 * The onset by days: a step and a broken line are fitted to the log rates of six weeks, and the better one is told. The
 * answer is in `onset`.
 */
export function findSlowOnset(rows: Float32Array, row: number, hour: number): void {
  const days = collectDays(rows, row, Math.floor(hour / 24))
  let bestLine = Number.POSITIVE_INFINITY
  let bestStep = Number.POSITIVE_INFINITY
  for (let place = FIRST_PLACE; place < days; place++) {
    const isLong = place < days - LEAST_TREND_DAYS
    lineErrors[place] = isLong ? errorOf(days, place, true) : Number.POSITIVE_INFINITY
    stepErrors[place] = errorOf(days, place, false)
    bestLine = Math.min(bestLine, lineErrors[place]!)
    bestStep = Math.min(bestStep, stepErrors[place]!)
  }
  const isTrend = bestLine < bestStep + STEP_PENALTY
  onset.kind = isTrend ? 'trend' : 'step'
  onset.preference = bestStep + STEP_PENALTY - bestLine
  placeOnset(days, isTrend ? lineErrors : stepErrors, isTrend ? bestLine : bestStep)
}

/** The mean of all places, each by its likelihood, and the reach of those that may be true. */
function placeOnset(days: number, errors: Float64Array, best: number): void {
  let sum = 0
  let sumOfHours = 0
  onset.fromHour = Number.POSITIVE_INFINITY
  onset.toHour = Number.NEGATIVE_INFINITY
  for (let place = FIRST_PLACE; place < days; place++) {
    const likelihood = Math.exp((best - errors[place]!) / 2)
    sum += likelihood
    sumOfHours += likelihood * starts[place]!
    if (errors[place]! > best + 2 * INTERVAL_EVIDENCE) continue
    onset.fromHour = Math.min(onset.fromHour, starts[place]!)
    onset.toHour = Math.max(onset.toHour, starts[place]! + 23)
  }
  onset.hour = sum > 0 ? Math.round(sumOfHours / sum) : onset.fromHour
}

const logs = new Float64Array(FIT_DAYS + 1)
const weights = new Float64Array(FIT_DAYS + 1)
const starts = new Float64Array(FIT_DAYS + 1)
const lineErrors = new Float64Array(FIT_DAYS + 1)
const stepErrors = new Float64Array(FIT_DAYS + 1)

/** Log rates of the days that are kept and of the day under way, oldest first. */
function collectDays(rows: Float32Array, row: number, today: number): number {
  const variance = rows[row + at.WANDER]! * WANDER_OF_A_DAY + hourlyDispersion(rows, row) / 24
  let days = 0
  for (let back = FIT_DAYS; back >= 0; back--) {
    const slot = ringDay(today - back)
    const count = back === 0 ? rows[row + at.TODAY_COUNT]! : rows[row + at.DAY_COUNTS + slot]!
    const exposure = back === 0 ? rows[row + at.TODAY_EXPOSURE]! : rows[row + at.DAY_EXPOSURES + slot]!
    if (exposure < 4) continue
    logs[days] = Math.log((count + 0.5) / exposure)
    weights[days] = 1 / (1 / (count + 0.5) + variance)
    starts[days++] = (today - back) * 24
  }
  return days
}

/** Weighted squared error of a level and, from a place on, another level or a slope (least squares). */
function errorOf(days: number, place: number, isLine: boolean): number {
  let w = 0
  let wx = 0
  let wxx = 0
  let wy = 0
  let wxy = 0
  let wyy = 0
  for (let i = 0; i < days; i++) {
    const x = i < place ? 0 : isLine ? i - place + 0.5 : 1
    const weight = weights[i]!
    const y = logs[i]!
    w += weight
    wx += weight * x
    wxx += weight * x * x
    wy += weight * y
    wxy += weight * x * y
    wyy += weight * y * y
  }
  const determinant = w * wxx - wx * wx
  const slope = determinant <= 0 ? 0 : (w * wxy - wx * wy) / determinant
  if (slope <= 0) return wyy - (wy * wy) / w
  const level = (wy - slope * wx) / w
  return wyy - level * wy - slope * wxy
}
