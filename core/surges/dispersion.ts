// How much a series varies by itself: from hour to hour, and from day to day.
import * as at from './layout.ts'

/** What is believed of a series before it has shown anything: relative variances. */
const PRIOR_HOURLY = 0.07
const PRIOR_HOURLY_WEIGHT = 60
/** Hours that a series remembers of its hourly variation. */
const HOURLY_MEMORY = 24 * 60

/** Relative variance of an hour beyond Poisson. */
export function hourlyDispersion(rows: Float32Array, row: number): number {
  const squares = rows[row + at.HOURLY_SQUARES]! + PRIOR_HOURLY * PRIOR_HOURLY_WEIGHT
  return Math.max(0.01, squares / (rows[row + at.HOURLY_WEIGHT]! + PRIOR_HOURLY_WEIGHT))
}

/** Learns from an hour: the squared deviation beyond Poisson, weighted by what the hour can tell. */
export function learnHourlyDispersion(
  rows: Float32Array,
  row: number,
  count: number,
  expected: number
): void {
  const dispersion = hourlyDispersion(rows, row)
  const variance = expected + dispersion * expected * expected
  const clipped = Math.min((count - expected) ** 2, 30 * variance)
  const information = (dispersion * expected * expected) / variance
  const weight = information * information
  const keep = 1 - 1 / HOURLY_MEMORY
  const square = (clipped - expected) / (expected * expected)
  rows[row + at.HOURLY_SQUARES] = keep * rows[row + at.HOURLY_SQUARES]! + weight * square
  rows[row + at.HOURLY_WEIGHT] = keep * rows[row + at.HOURLY_WEIGHT]! + weight
}

/** Where a day lies in the ring. */
export function ringDay(day: number): number {
  return ((day % at.RING_DAYS) + at.RING_DAYS) % at.RING_DAYS
}
