// Which way a series drifts by itself, slowly and for months: its slope is learnt, and what is held against a level of weeks
// ago is held against where that level has drifted meanwhile.
import { clumping, hourlyDispersion, ringDay } from './dispersion.ts'
import * as at from './layout.ts'

/** The newest days are left out: a rise that is under way is no drift. */
const LAG_DAYS = 28
/** What is believed of a series beforehand: a standard deviation of the log rate's slope, a day. */
const PRIOR_SLOPE = 0.002
const FIRST_LEVEL_VARIANCE = 0.2
const PRIOR_VARIANCE = PRIOR_SLOPE * PRIOR_SLOPE
/** Days after which a slope is forgotten to 1/e: it is that of some months. */
const MEMORY_DAYS = 120
/** A slow wander's days are not independent: of three days' memory, six tell what one independent day does. */
const WANDER_DAYS = 6
const CLIP_DEVIATIONS = 2.5
/** Learns from the day that is old enough now: a line through the log rates of days, by a Kalman filter of level and slope. */
export function learnDrift(rows: Float32Array, row: number, today: number): void {
  const day = today - LAG_DAYS
  const slot = ringDay(day)
  const exposure = rows[row + at.DAY_EXPOSURES + slot]!
  if (exposure < 4) return
  const before = rows[row + at.DRIFT_DAY]!
  const log = Math.log((rows[row + at.DAY_COUNTS + slot]! + 0.5) / exposure)
  if (before === 0) {
    rows[row + at.DRIFT_LEVEL] = log
    rows[row + at.DRIFT_LEVEL_VARIANCE] = FIRST_LEVEL_VARIANCE
    rows[row + at.DRIFT_COVARIANCE] = 0
    rows[row + at.DRIFT_SLOPE] = 0
    rows[row + at.DRIFT_SLOPE_VARIANCE] = PRIOR_VARIANCE
  }
  const days = before === 0 ? 0 : day - before
  rows[row + at.DRIFT_DAY] = day
  const kept = Math.exp(-days / MEMORY_DAYS)
  const slopeBefore = rows[row + at.DRIFT_SLOPE]!
  const varianceBefore = rows[row + at.DRIFT_SLOPE_VARIANCE]!
  const covarianceBefore = rows[row + at.DRIFT_COVARIANCE]!
  const slope = kept * slopeBefore
  const slopeVariance = kept * kept * varianceBefore + (1 - kept * kept) * PRIOR_VARIANCE
  const level = rows[row + at.DRIFT_LEVEL]! + days * slopeBefore
  const covariance = kept * (covarianceBefore + days * varianceBefore)
  const levelVariance =
    rows[row + at.DRIFT_LEVEL_VARIANCE]! + days * (2 * covarianceBefore + days * varianceBefore)
  const noise =
    clumping(rows, row) / (Math.exp(level) * exposure + 0.5) +
    hourlyDispersion(rows, row) / exposure +
    WANDER_DAYS * rows[row + at.WANDER]!
  const total = levelVariance + noise
  const reach = CLIP_DEVIATIONS * Math.sqrt(total)
  const surprise = Math.max(-reach, Math.min(reach, log - level))
  const levelGain = levelVariance / total
  const slopeGain = covariance / total
  rows[row + at.DRIFT_LEVEL] = level + levelGain * surprise
  rows[row + at.DRIFT_SLOPE] = slope + slopeGain * surprise
  rows[row + at.DRIFT_LEVEL_VARIANCE] = levelVariance - levelGain * levelVariance
  rows[row + at.DRIFT_COVARIANCE] = covariance - levelGain * covariance
  rows[row + at.DRIFT_SLOPE_VARIANCE] = slopeVariance - slopeGain * covariance
}

/** By what a rate of so many days ago has changed since, as it is believed. */
export function driftSince(rows: Float32Array, row: number, days: number): number {
  return Math.exp(days * rows[row + at.DRIFT_SLOPE]!)
}

/** The variance of its log: what is not known of the slope. */
export function driftVariance(rows: Float32Array, row: number, days: number): number {
  const known = rows[row + at.DRIFT_DAY] === 0 ? PRIOR_VARIANCE : rows[row + at.DRIFT_SLOPE_VARIANCE]!
  return days * days * known
}

/** The level is another one from now on; how it drifts is still believed. */
export function forgetDriftLevel(rows: Float32Array, row: number): void {
  rows[row + at.DRIFT_LEVEL_VARIANCE] = 1
  rows[row + at.DRIFT_COVARIANCE] = 0
}
