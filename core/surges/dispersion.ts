// How much a series varies by itself: from hour to hour, and from day to day.
import * as at from './layout.ts'

/** What is believed of a series before it has shown anything: relative variances. */
const PRIOR_HOURLY = 0.07
const PRIOR_HOURLY_WEIGHT = 60
/** Hours that a series remembers of its hourly variation. */
const KEPT = 1 - 1 / (24 * 60)

/** Relative variance of an hour beyond Poisson. */
export function hourlyDispersion(rows: Float32Array, row: number): number {
  const squares = rows[row + at.HOURLY_SQUARES]! + PRIOR_HOURLY * PRIOR_HOURLY_WEIGHT
  return Math.max(0.01, squares / (rows[row + at.HOURLY_WEIGHT]! + PRIOR_HOURLY_WEIGHT))
}

/** Counts' worth of belief that each comes by itself. */
const PRIOR_COUNTS = 10
/** Clumps are believed from here on: chance makes some of a few counts. */
const DEAD_BAND = 0.25
/** Where an hour should have more, clumps cannot be told from dispersion, and are taken as that. */
const FEW_COUNTS = 4
/** However few were expected, a hour teaches clumps up to about this many counts. */
const LARGEST_CLUMP_SQUARE = 100

/**
 * How many counts come together: 1 where each comes by itself. Where one in ten is counted and stands for ten, or packets are
 * judged and each source sends some, it is more, and so many counts tell no more than one (quasi-likelihood: Wedderburn 1974).
 * Series with many sources show it as dispersion.
 */
export function clumping(rows: Float32Array, row: number): number {
  const squares = PRIOR_COUNTS + rows[row + at.CLUMP_SQUARES]!
  return Math.max(1, squares / (PRIOR_COUNTS + rows[row + at.CLUMP_COUNTS]!) - DEAD_BAND)
}

/** Learns from an hour: the squared deviation beyond Poisson, weighted by what the hour can tell; and of clumps. */
export function learnVariation(
  rows: Float32Array,
  row: number,
  count: number,
  expected: number,
  isSurge: boolean
): void {
  const dispersion = hourlyDispersion(rows, row)
  const clump = clumping(rows, row)
  const variance = clump * expected + dispersion * expected * expected
  const deviation = (count - expected) ** 2
  const clipped = Math.min(deviation, 30 * variance)
  const information = (dispersion * expected * expected) / variance
  const weight = information * information
  const square = (clipped - clump * expected) / (expected * expected)
  rows[row + at.HOURLY_SQUARES] = KEPT * rows[row + at.HOURLY_SQUARES]! + weight * square
  rows[row + at.HOURLY_WEIGHT] = KEPT * rows[row + at.HOURLY_WEIGHT]! + weight
  if (isSurge || expected > FEW_COUNTS) return
  const clumped = Math.min(deviation, 30 * variance + LARGEST_CLUMP_SQUARE * clump)
  rows[row + at.CLUMP_SQUARES] =
    KEPT * rows[row + at.CLUMP_SQUARES]! + clumped - PRIOR_HOURLY * expected * expected
  rows[row + at.CLUMP_COUNTS] = KEPT * rows[row + at.CLUMP_COUNTS]! + expected
}

/** Where a day lies in the ring. */
export function ringDay(day: number): number {
  return ((day % at.RING_DAYS) + at.RING_DAYS) % at.RING_DAYS
}
