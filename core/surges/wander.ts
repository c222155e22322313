// How strongly the level of a series wanders by itself: a posterior over a few strengths, from every day but the newest.
import { clumping, hourlyDispersion, ringDay } from './dispersion.ts'
import * as at from './layout.ts'

/** Standard deviations of the log level that are weighed against each other. */
const STRENGTHS = Float64Array.of(0.03, 0.05, 0.08, 0.12, 0.17, 0.24, 0.34)
/** Their squares. */
export const WANDER_VARIANCES = STRENGTHS.map((strength) => strength * strength)
/** What is believed before a series has shown anything. */
const PRIOR = [0.125, 0.215, 0.28, 0.22, 0.105, 0.042, 0.013] as const
/** Hours after which a wander is forgotten to 1/e. */
export const MEMORY_HOURS = 72
const KEPT = Math.exp(-24 / MEMORY_HOURS)
/** Variance of the level's own drift in a day. */
const DRIFT_VARIANCE = 0.0075 ** 2
const FIRST_LEVEL_VARIANCE = 0.2
const CLIP_SQUARE = 3 ** 2
/** How much of what days have said is left a day later. */
const LIKELIHOOD_KEPT = 1 - 1 / 200
/** The filter that is kept has seen every day up to four weeks ago. */
const KEPT_LAG_DAYS = 28
/** The posteriors leave out the newest days: a rise that is under way is no wander. */
const NEAR_LAG_DAYS = 7
const FAR_LAG_DAYS = 16
const OLD_LAG_DAYS = 28
const { FILTER_LENGTH } = at
const MIDDLE = STRENGTHS.length >> 1

const filter = new Float64Array(FILTER_LENGTH * STRENGTHS.length)
const weights = new Float64Array(STRENGTHS.length)

/** Weighs the strengths anew. `today` is the day that begins, in days since 1970. */
export function weighWander(rows: Float32Array, row: number, today: number, days: number): void {
  const seenDays = rows[row + at.HOURS_SEEN]! / 24
  if (rows[row + at.WANDER_REFERENCE] === 0) {
    if (seenDays < 3 || rows[row + at.NEAR_RATE] === 0) return
    rows[row + at.WANDER_REFERENCE] = rows[row + at.NEAR_RATE]!
    startFilter(rows, row)
  }
  for (let i = 0; i < filter.length; i++) filter[i] = rows[row + at.WANDER_FILTERS + i]!
  let back = KEPT_LAG_DAYS + days
  for (; back > KEPT_LAG_DAYS; back--) passDay(rows, row, today - back)
  for (let i = 0; i < filter.length; i++) rows[row + at.WANDER_FILTERS + i] = filter[i]!
  const oldLag = Math.min(OLD_LAG_DAYS, Math.floor(seenDays / 2))
  const farLag = Math.min(FAR_LAG_DAYS, Math.floor(seenDays / 2))
  const nearLag = Math.min(NEAR_LAG_DAYS, Math.floor(seenDays / 4))
  for (; back > oldLag; back--) passDay(rows, row, today - back)
  weigh(rows, row + at.OLD_WEIGHTS)
  for (; back > farLag; back--) passDay(rows, row, today - back)
  weigh(rows, row + at.FAR_WEIGHTS)
  for (; back > nearLag; back--) passDay(rows, row, today - back)
  weigh(rows, row + at.NEAR_WEIGHTS)
  let mean = 0
  for (let k = 0; k < STRENGTHS.length; k++) mean += rows[row + at.NEAR_WEIGHTS + k]! * WANDER_VARIANCES[k]!
  rows[row + at.WANDER] = mean
}

function startFilter(rows: Float32Array, row: number): void {
  for (let k = 0; k < STRENGTHS.length; k++) {
    const start = row + at.WANDER_FILTERS + k * FILTER_LENGTH
    rows[start] = 0
    rows[start + 1] = 0
    rows[start + 2] = FIRST_LEVEL_VARIANCE
    rows[start + 3] = 0
    rows[start + 4] = WANDER_VARIANCES[k]!
    rows[start + 5] = 0
  }
}

function weigh(rows: Float32Array, start: number): void {
  let best = Number.NEGATIVE_INFINITY
  for (let k = 0; k < STRENGTHS.length; k++) {
    weights[k] = Math.log(PRIOR[k]!) + filter[k * FILTER_LENGTH + 5]!
    best = Math.max(best, weights[k]!)
  }
  let sum = 0
  for (let k = 0; k < STRENGTHS.length; k++) sum += weights[k] = Math.exp(weights[k]! - best)
  for (let k = 0; k < STRENGTHS.length; k++) rows[start + k] = weights[k]! / sum
}

/** A day passes: the level is a slow drift plus an Ornstein-Uhlenbeck wander, by a Kalman filter for each strength. */
function passDay(rows: Float32Array, row: number, day: number): void {
  const slot = ringDay(day)
  const exposure = rows[row + at.DAY_EXPOSURES + slot]!
  if (exposure === 0) return
  const expected = rows[row + at.WANDER_REFERENCE]! * exposure
  const deviation = Math.log((rows[row + at.DAY_COUNTS + slot]! + 0.5) / expected)
  // Of the level only Poisson's part of the noise depends, and on that the strengths agree well enough.
  const believed = expected * Math.exp(filter[MIDDLE * FILTER_LENGTH]!)
  const noise = clumping(rows, row) / (believed + 0.5) + hourlyDispersion(rows, row) / exposure
  for (let k = 0; k < STRENGTHS.length; k++) {
    const start = k * FILTER_LENGTH
    const level = filter[start]!
    const wander = KEPT * filter[start + 1]!
    const levelVariance = filter[start + 2]! + DRIFT_VARIANCE
    const covariance = KEPT * filter[start + 3]!
    const wanderVariance = KEPT * KEPT * filter[start + 4]! + WANDER_VARIANCES[k]! * (1 - KEPT * KEPT)
    const total = levelVariance + 2 * covariance + wanderVariance + noise
    let surprise = deviation - level - wander
    if (surprise * surprise > CLIP_SQUARE * total)
      surprise = Math.sign(surprise) * Math.sqrt(CLIP_SQUARE * total)
    const levelGain = (levelVariance + covariance) / total
    const wanderGain = (covariance + wanderVariance) / total
    filter[start] = level + levelGain * surprise
    filter[start + 1] = wander + wanderGain * surprise
    filter[start + 2] = levelVariance - levelGain * (levelVariance + covariance)
    filter[start + 3] = covariance - levelGain * (covariance + wanderVariance)
    filter[start + 4] = wanderVariance - wanderGain * (covariance + wanderVariance)
    filter[start + 5] =
      LIKELIHOOD_KEPT * filter[start + 5]! - 0.5 * (Math.log(total) + (surprise * surprise) / total)
  }
}

/** The level is another one from now on; how much it wanders is still believed. */
export function forgetLevel(rows: Float32Array, row: number): void {
  for (let k = 0; k < STRENGTHS.length; k++) rows[row + at.WANDER_FILTERS + k * FILTER_LENGTH + 2] = 1
}
