// What a series' own dips teach. Chance makes dips as wide as rises, and a dip is never a surge: so the width of dips is the
// width of chance, and a surge under way does not hide itself.
import * as at from './layout.ts'

/** Scales at which dips are kept, in hours: for windows of some hours, of days, and of weeks. */
const SCALE_HOURS = [8, 24, 168] as const
/** Windows' worth of belief that the variance is right as it is. */
const BELIEF_WINDOWS = [10, 8, 4] as const
/** Dips are forgotten to 1/e in 60 days. */
const KEPT = 1 - 1 / (60 * 24)
/** Three deviations; more is a gap or an outage. */
const LARGEST_SQUARE = 9

/** A scale's number. */
export type DipScale = 0 | 1 | 2

/** Learns from a window that is below its expectation; `variance` is what is believed on the log scale. */
export function noteDip(
  rows: Float32Array,
  row: number,
  scale: DipScale,
  count: number,
  expected: number,
  variance: number
): void {
  if (count >= expected) return
  const deviation = 2 * (Math.sqrt(count) - Math.sqrt(expected))
  const square = Math.min(LARGEST_SQUARE, (deviation * deviation) / (1 + variance * expected))
  rows[row + at.DIP_SQUARES + scale] = KEPT * rows[row + at.DIP_SQUARES + scale]! + square
  rows[row + at.DIP_COUNTS + scale] = KEPT * rows[row + at.DIP_COUNTS + scale]! + 1
}

/** By what the series' dips say that its variance is wrong. */
export function dipFactor(rows: Float32Array, row: number, scale: DipScale): number {
  const belief = SCALE_HOURS[scale] * BELIEF_WINDOWS[scale]
  return (rows[row + at.DIP_SQUARES + scale]! + belief) / (rows[row + at.DIP_COUNTS + scale]! + belief)
}
