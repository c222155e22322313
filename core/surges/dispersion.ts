// How much a series varies by itself: from hour to hour, and from day to day.
import * as at from './layout.ts'
import { TUNE } from './thresholds.ts'

/** What is believed of a series before it has shown anything: relative variances. */
const PRIOR_HOURLY = 0.07
const PRIOR_HOURLY_WEIGHT = 60
const LEAST_WANDER = 0.0015
/** Neighbours of a day: those two to eight days away, on both sides, so that a steady rise is no variation. */
const NEAREST_DAYS = 2
const FARTHEST_DAYS = 8
const LEAST_NEIGHBOURS = 5
/** A day further out than this many deviations says no more than one at it. */
const CLIP_DEVIATIONS = 3.5
/** Hours that a series remembers of its hourly variation. */
const HOURLY_MEMORY = 24 * 60

/** Relative variance of an hour beyond Poisson. */
export function hourlyDispersion(rows: Float32Array, row: number): number {
  const squares = rows[row + at.HOURLY_SQUARES]! + PRIOR_HOURLY * PRIOR_HOURLY_WEIGHT
  return Math.max(0.01, squares / (rows[row + at.HOURLY_WEIGHT]! + PRIOR_HOURLY_WEIGHT))
}

/** Learns from an hour: the squared deviation beyond Poisson, weighted by what the hour can tell. */
export function learnHourlyDispersion(rows: Float32Array, row: number, count: number, expected: number): void {
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

/** Learns the variance of days from those that are kept: each against its neighbours (a structure function). */
export function learnWander(rows: Float32Array, row: number, today: number): void {
  const hourly = hourlyDispersion(rows, row)
  let believed = rows[row + at.WANDER_FREEDOM]! > 0 ? rows[row + at.WANDER]! : TUNE['pw']!
  let sum = TUNE['pw']! * TUNE['pf']!
  let weights = TUNE['pf']!
  const lag = Math.min(TUNE['lag']!, Math.floor(rows[row + at.HOURS_SEEN]! / 96))
  for (let back = 1 + lag; back < at.RING_DAYS - FARTHEST_DAYS; back++) {
    const slot = ringDay(today - back)
    const count = rows[row + at.DAY_COUNTS + slot]!
    const exposure = rows[row + at.DAY_EXPOSURES + slot]!
    if (exposure < 8) continue
    let near = 0
    let nearExposure = 0
    let neighbours = 0
    for (let away = NEAREST_DAYS; away <= FARTHEST_DAYS; away++) {
      for (const other of [back - away, back + away]) {
        if (other < 1 + lag) continue
        const otherSlot = ringDay(today - other)
        const otherExposure = rows[row + at.DAY_EXPOSURES + otherSlot]!
        if (otherExposure < 8) continue
        near += rows[row + at.DAY_COUNTS + otherSlot]!
        nearExposure += otherExposure
        neighbours++
      }
    }
    if (neighbours < LEAST_NEIGHBOURS || near < 1) continue
    const expected = (near / nearExposure) * exposure
    const noise = 1 / expected + hourly / 24 + 1 / near + hourly / (24 * neighbours)
    const total = noise + believed * (1 + 1 / neighbours)
    const square = Math.min((count / expected - 1) ** 2, CLIP_DEVIATIONS ** 2 * total)
    const weight = (believed / total) ** 2
    sum += weight * (square - noise)
    weights += weight
  }
  rows[row + at.WANDER] = Math.max(LEAST_WANDER, sum / weights)
  rows[row + at.WANDER_FREEDOM] = weights
}

/** Where a day lies in the ring. */
export function ringDay(day: number): number {
  return ((day % at.RING_DAYS) + at.RING_DAYS) % at.RING_DAYS
}
