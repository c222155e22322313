// When a rise began, and whether it is a step or a trend.
import { clumping, hourlyDispersion, ringDay } from './dispersion.ts'
import * as at from './layout.ts'

/** Days that the fits look at. */
const FIT_DAYS = 42
const LEAST_TREND_DAYS = 3
/** A trend grows by as much as it grew from in about so long: those that matter do in two weeks to a month. */
const RISE_DAYS = 20
/** What is watched for hour by hour: about the smallest step that one series shows. */
const WATCHED_RATIO = 1.7
const WATCHED_LOG = Math.log(WATCHED_RATIO)
/** Parts of its day in which an onset is looked for: a day that a step begins in has some of it. */
const PARTS = 4
/** Days of level before the first onset that is tried. */
const FIRST_PLACE = 4
/** A trend is told where it is that much likelier than a step (twice the log): a level that wanders looks like one. */
const TREND_PREFERENCE = 2
/** Of the wander's variance, what a day does not share with its neighbours, about. */
const WANDER_OF_A_DAY = 0.5
/** Share of the likelihood on each side of an interval. */
const INTERVAL_TAIL = 0.05
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
  const clump = clumping(rows, row)
  const log = Math.log(ratio)
  let sum = 0
  let best = 0
  let bestBack = 0
  for (let back = 0; back < at.RING_HOURS; back++) {
    sum += stepEvidence(rows, row, hour - back, rate, ratio, log, dispersion, clump)
    sums[back] = sum
    if (sum <= best) continue
    best = sum
    bestBack = back
  }
  let all = 0
  for (let back = 0; back < at.RING_HOURS; back++) all += sums[back] = Math.exp(sums[back]! - best)
  onset.kind = 'step'
  onset.hour = hour - bestBack
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

/**
 * Watches for the hour since when it looks like a step, however long ago: the last zero of a sum of log likelihood ratios
 * (Page 1954). A series of few sources takes days to show a step, and hours are kept for three.
 */
export function watchStep(rows: Float32Array, row: number, hour: number): void {
  const before = rows[row + at.STEP_EVIDENCE]!
  const rate = rows[row + at.NEAR_RATE]!
  const evidence = stepEvidence(
    rows,
    row,
    hour,
    rate,
    WATCHED_RATIO,
    WATCHED_LOG,
    hourlyDispersion(rows, row),
    clumping(rows, row)
  )
  if (before === 0) rows[row + at.STEP_SINCE] = hour
  rows[row + at.STEP_EVIDENCE] = Math.max(0, before + evidence)
}

/** Takes the watched hour where it lies among those that the days leave possible. */
export function refineSlowStep(rows: Float32Array, row: number): void {
  const since = rows[row + at.STEP_SINCE]!
  if (rows[row + at.STEP_EVIDENCE] === 0 || since < onset.fromHour - 24 || since > onset.toHour + 24) return
  onset.hour = since
}

function stepEvidence(
  rows: Float32Array,
  row: number,
  hour: number,
  rate: number,
  ratio: number,
  log: number,
  dispersion: number,
  clump: number
): number {
  const slot = hour % at.RING_HOURS
  const expected = rate * rows[row + at.HOUR_EXPOSURES + slot]!
  if (expected === 0) return 0
  const count = rows[row + at.HOUR_COUNTS + slot]!
  const evidence = (count * log - (ratio - 1) * expected) / (clump + dispersion * expected * Math.sqrt(ratio))
  return Math.max(-3, Math.min(3, evidence))
}

/**
 * The onset by days: a step and a broken line are fitted to the log rates of six weeks, and the better one is told. The
 * answer is in `onset`.
 */
export function findSlowOnset(rows: Float32Array, row: number, hour: number): void {
  const days = collectDays(rows, row, Math.floor(hour / 24))
  for (let place = FIRST_PLACE; place < days; place++) {
    const isLong = place < days - LEAST_TREND_DAYS
    for (let part = 0; part < PARTS; part++) {
      const number = place * PARTS + part
      lineErrors[number] = isLong ? errorOf(days, place, part, true) : Number.POSITIVE_INFINITY
      stepErrors[number] = errorOf(days, place, part, false)
    }
  }
  const line = likelihoodOf(lineErrors, days)
  const step = likelihoodOf(stepErrors, days)
  onset.preference = 2 * (line - step)
  onset.kind = onset.preference > TREND_PREFERENCE ? 'trend' : 'step'
  placeOnset(days, onset.kind === 'trend' ? lineErrors : stepErrors)
}

/** The least error of all places. */
function leastError(errors: Float64Array, days: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let number = FIRST_PLACE * PARTS; number < days * PARTS; number++)
    best = Math.min(best, errors[number]!)
  return best
}

/** The log of the mean likelihood over all places: a kind of rise that fits at more of them is likelier. */
function likelihoodOf(errors: Float64Array, days: number): number {
  const best = leastError(errors, days)
  if (best === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY
  let sum = 0
  for (let number = FIRST_PLACE * PARTS; number < days * PARTS; number++)
    sum += Math.exp((best - errors[number]!) / 2)
  return Math.log(sum / ((days - FIRST_PLACE) * PARTS)) - best / 2
}

/** The middle of all places, each by its likelihood, and between which the onset is nearly sure to lie. */
function placeOnset(days: number, errors: Float64Array): void {
  const best = leastError(errors, days)
  let all = 0
  for (let number = FIRST_PLACE * PARTS; number < days * PARTS; number++)
    all += likelihoods[number] = Math.exp((best - errors[number]!) / 2)
  onset.hour = placeAt(days, 0.5 * all)
  onset.fromHour = placeAt(days, INTERVAL_TAIL * all)
  onset.toHour = placeAt(days, (1 - INTERVAL_TAIL) * all)
}

/** The first hour at which the likelihoods of places reach a sum. */
function placeAt(days: number, wanted: number): number {
  let sum = 0
  let number = FIRST_PLACE * PARTS
  for (; number < days * PARTS - 1; number++) {
    sum += likelihoods[number]!
    if (sum >= wanted) break
  }
  return starts[Math.floor(number / PARTS)]! + ((number % PARTS) * 24) / PARTS
}

const likelihoods = new Float64Array(PARTS * (FIT_DAYS + 1))
const logs = new Float64Array(FIT_DAYS + 1)
const weights = new Float64Array(FIT_DAYS + 1)
const starts = new Float64Array(FIT_DAYS + 1)
const lineErrors = new Float64Array(PARTS * (FIT_DAYS + 1))
const stepErrors = new Float64Array(PARTS * (FIT_DAYS + 1))

/**
 * The log of a rate that grows by its own first size in RISE_DAYS, as a mean over days, by the parts of days since its onset
 * at their ends: a rise in the log that grows by the same each day would seem to have begun too early.
 */
const RISES = Float64Array.from({ length: PARTS * (FIT_DAYS + 1) }, (_, part) => {
  const from = Math.max(0, part + 1 - PARTS)
  const middle = (from + part + 1) / 2 / PARTS
  return (Math.log1p(middle / RISE_DAYS) * (part + 1 - from)) / PARTS
})

/** Log rates of the days that are kept and of the day under way, oldest first. */
function collectDays(rows: Float32Array, row: number, today: number): number {
  const variance = rows[row + at.WANDER]! * WANDER_OF_A_DAY + hourlyDispersion(rows, row) / 24
  const clump = clumping(rows, row)
  let days = 0
  for (let back = FIT_DAYS; back >= 0; back--) {
    const slot = ringDay(today - back)
    const count = back === 0 ? rows[row + at.TODAY_COUNT]! : rows[row + at.DAY_COUNTS + slot]!
    const exposure = back === 0 ? rows[row + at.TODAY_EXPOSURE]! : rows[row + at.DAY_EXPOSURES + slot]!
    if (exposure < 4) continue
    logs[days] = Math.log((count + 0.5) / exposure)
    weights[days] = 1 / (clump / (count + 0.5) + variance)
    starts[days++] = (today - back) * 24
  }
  return days
}

/**
 * Weighted squared error of a level and, from a part of the day at a place on, another level or a rise (least squares).
 */
function errorOf(days: number, place: number, part: number, isLine: boolean): number {
  const first = 1 - part / PARTS
  let w = 0
  let wx = 0
  let wxx = 0
  let wy = 0
  let wxy = 0
  let wyy = 0
  for (let i = 0; i < days; i++) {
    const x =
      i < place ? 0 : isLine ? RISES[(i - place) * PARTS + PARTS - 1 - part]! : i === place ? first : 1
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
