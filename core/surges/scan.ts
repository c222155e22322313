// The scan: sums over windows that end with the newest hour, each against what it should be.
import { hourlyDispersion } from './dispersion.ts'
import { excessEvidence } from './evidence.ts'
import { WANDER_VARIANCES } from './wander.ts'
import * as at from './layout.ts'
import { HOUR_WINDOWS, RECENT_DAYS, type Thresholds, TUNE } from './thresholds.ts'

/** What the scan of an hour found: the window that speaks loudest, by its margin over its threshold. */
export const scanned = {
  margin: 0,
  evidence: 0,
  ratio: 0,
  count: 0,
  expected: 0,
  windowHours: 0,
  isFar: false,
  isOld: false,
  rate: 0,
  variance: 0,
  /** Sources of the last day, clipped, and its exposure. */
  dayCount: 0,
  dayExposure: 0,
  hourEvidence: 0
}

/** From here on a window's hours are clipped: no single hour carries it. */
const FIRST_CLIPPED_HOURS = 8
const EXCESS_LEVEL = 3
const EXCESS_KEPT = 1 - 1 / 1440
const MOST_EXCESS = 10
const WINDOW_LAST = HOUR_WINDOWS.length - 1

/** No hour counts for more than this in windows of many hours. */
export function clippedCount(count: number, expected: number): number {
  return Math.min(count, 4 * expected + 4)
}

/** Scans every window that ends with `hour`. The answer is in `scanned`, with a margin of -Infinity for nothing. */
export function scan(rows: Float32Array, row: number, hour: number, thresholds: Thresholds): void {
  const near = Math.max(rows[row + at.NEAR_RATE]!, 0.8 * rows[row + at.FAR_RATE]!)
  const hourly = hourlyDispersion(rows, row)
  const wander = rows[row + at.WANDER]!
  const base =
    1 / Math.max(1, rows[row + at.NEAR_SUPPORT]!) +
    TUNE['near']! +
    hourly / 300 +
    rows[row + at.ADDRESS_DOUBT]!
  scanned.margin = Number.NEGATIVE_INFINITY
  scanned.hourEvidence = 0
  const potN = TUNE['n0']! + rows[row + at.EXCESS_COUNT]!
  const potSum = TUNE['n0']! + rows[row + at.EXCESS_SUM]!
  const potRate = Math.log(potN / (TUNE['n0']! + 0.007 * Math.min(1440, rows[row + at.HOURS_SEEN]!)))
  let count = 0
  let exposure = 0
  let raw = 0
  let window = 0
  let slot = hour % at.RING_HOURS
  for (let length = 1; length <= at.RING_HOURS; length++) {
    const hourExposure = rows[row + at.HOUR_EXPOSURES + slot]!
    const hourCount = rows[row + at.HOUR_COUNTS + slot]!
    slot = slot === 0 ? at.RING_HOURS - 1 : slot - 1
    raw += hourCount
    count += clippedCount(hourCount, near * hourExposure)
    exposure += hourExposure
    if (length === 24) {
      scanned.dayCount = count
      scanned.dayExposure = exposure
    }
    if (length !== HOUR_WINDOWS[window]) continue
    if (length === 8 && exposure > 4)
      noteDip(rows, row, 0, count, near * exposure, hourly / exposure + wander * TUNE['wander']! + base)
    if (length === 24 && exposure > 12)
      noteDip(rows, row, 1, count, near * exposure, hourly / exposure + wander * TUNE['wander']! + base)
    const isShort = length < FIRST_CLIPPED_HOURS
    const sum = isShort ? raw : count
    const expected = near * exposure
    const number = window++
    if (sum < thresholds.smallestCount || sum < thresholds.smallestRatio * expected) {
      if (number === WINDOW_LAST) break
      continue
    }
    const rest = hourly / Math.max(1, exposure) + base
    const variance = rest + wander * TUNE['wander']!
    let evidence = 0
    if (length === 1) {
      evidence = excessEvidence(sum, expected, variance)
      scanned.hourEvidence = evidence
    } else {
      const left = TUNE['wander']! * (length > 48 ? 0.8 : length > 24 ? TUNE['g3']! : 1)
      evidence = mixed(
        rows,
        row + at.WANDER_WEIGHTS,
        sum,
        expected,
        rest,
        left,
        dipFactor(rows, row, length < 24 ? 0 : 1),
        thresholds.hours[number]!,
        TUNE['dmin']!
      )
    }
    if (isShort && evidence > EXCESS_LEVEL) {
      evidence = EXCESS_LEVEL + potN * Math.log1p((evidence - EXCESS_LEVEL) / potSum) - potRate
    }
    offer(evidence, thresholds.hours[number]!, sum, expected, length, false, near, variance)
  }
  if (rows[row + at.FAR_RATE]! > 0)
    scanDays(
      rows,
      row,
      thresholds,
      hourly,
      wander,
      rows[row + at.FAR_RATE]! * (1 + TUNE['margin']!),
      rows[row + at.FAR_SUPPORT]!,
      TUNE['drift']!,
      TUNE['f0']!
    )
  if (rows[row + at.OLD_RATE]! > 0 && TUNE['old']! > 0)
    scanDays(
      rows,
      row,
      thresholds,
      hourly,
      wander,
      rows[row + at.OLD_RATE]! * (1 + TUNE['omargin']!),
      rows[row + at.OLD_SUPPORT]!,
      TUNE['odrift']!,
      2
    )
}

/** Learns from the hour that was scanned how far its series' hours stray by themselves. */
export function learnExcess(rows: Float32Array, row: number): void {
  rows[row + at.EXCESS_COUNT]! *= EXCESS_KEPT
  rows[row + at.EXCESS_SUM]! *= EXCESS_KEPT
  if (scanned.hourEvidence <= EXCESS_LEVEL) return
  rows[row + at.EXCESS_COUNT]! += 1
  rows[row + at.EXCESS_SUM]! += Math.min(MOST_EXCESS, scanned.hourEvidence - EXCESS_LEVEL)
}

/** How much of a day's wander is left in the mean of so many days (48 hours of memory), the far rate's own included. */
const WANDER_LEFT = [0.93, 0.77, 0.67, 0.58, 0.5] as const

function scanDays(
  rows: Float32Array,
  row: number,
  thresholds: Thresholds,
  hourly: number,
  wander: number,
  far: number,
  support: number,
  drift: number,
  first: number
): void {
  for (let i = first; i < RECENT_DAYS.length; i++) {
    const count = rows[row + at.RECENT_COUNTS + i]! + rows[row + at.TODAY_COUNT]!
    const exposure = rows[row + at.RECENT_EXPOSURES + i]! + rows[row + at.TODAY_EXPOSURE]!
    const expected = far * exposure
    if (i === 2 && first < 2.5 && far === rows[row + at.FAR_RATE]! && exposure > 84)
      noteDip(
        rows,
        row,
        2,
        count,
        expected,
        hourly / exposure + wander * WANDER_LEFT[i]! * TUNE['far']! + 1 / Math.max(1, support) + drift
      )
    if (count < thresholds.smallestCount || count < thresholds.smallestRatio * expected) continue
    const rest = hourly / exposure + 1 / Math.max(1, support) + drift + rows[row + at.ADDRESS_DOUBT]!
    const variance = rest + wander * WANDER_LEFT[i]!
    const evidence = mixed(
      rows,
      row + (first === 2 ? at.OLD_WANDER_WEIGHTS : at.FAR_WANDER_WEIGHTS),
      count,
      expected,
      rest,
      WANDER_LEFT[i]! * TUNE['far']!,
      dipFactor(rows, row, 2),
      thresholds.days[i]!,
      TUNE['dfar']!
    )
    offer(evidence, thresholds.days[i]!, count, expected, RECENT_DAYS[i]! * 24, true, far, variance)
    if (scanned.isFar) scanned.isOld = first === 2
  }
}

function offer(
  evidence: number,
  threshold: number,
  count: number,
  expected: number,
  windowHours: number,
  isFar: boolean,
  rate: number,
  variance: number
): void {
  const margin = evidence - threshold
  if (margin <= scanned.margin) return
  scanned.margin = margin
  scanned.evidence = evidence
  scanned.count = count
  scanned.expected = expected
  scanned.ratio = count / expected
  scanned.windowHours = windowHours
  scanned.isFar = isFar
  scanned.rate = rate
  scanned.variance = variance
}

const DIP_HOURS = [8, 24, 168] as const
const DIP_KEPT = 1 - 1 / 1440

/** Learns from a window that is below its expectation: dips are never surges, and as wide as rises of the same chance. */
function noteDip(
  rows: Float32Array,
  row: number,
  scale: number,
  count: number,
  expected: number,
  variance: number
): void {
  if (count >= expected) return
  const deviation = 2 * (Math.sqrt(count) - Math.sqrt(expected))
  const square = Math.min(9, (deviation * deviation) / (1 + variance * expected))
  rows[row + at.DIP_SQUARES + scale] = DIP_KEPT * rows[row + at.DIP_SQUARES + scale]! + square
  rows[row + at.DIP_COUNTS + scale] = DIP_KEPT * rows[row + at.DIP_COUNTS + scale]! + 1
}

/** By what the series' own dips correct a variance. */
function dipFactor(rows: Float32Array, row: number, scale: number): number {
  const prior = DIP_HOURS[scale]! * TUNE[scale === 0 ? 'd8' : scale === 1 ? 'd24' : 'd168']!
  return (rows[row + at.DIP_SQUARES + scale]! + prior) / (rows[row + at.DIP_COUNTS + scale]! + prior)
}

/** Evidence over all strengths of wander, each by its weight: what is not known makes the tail heavy. */
function mixed(
  rows: Float32Array,
  row: number,
  count: number,
  expected: number,
  rest: number,
  left: number,
  factor: number,
  wanted: number,
  least: number
): number {
  let chance = 0
  for (let k = 0; k < WANDER_VARIANCES.length; k++) {
    const weight = rows[row + k]!
    if (weight < 1e-6) continue
    const believed = rest + left * WANDER_VARIANCES[k]!
    const variance = Math.max(least * believed, factor * (believed + 1 / expected) - 1 / expected)
    const evidence = excessEvidence(count, expected, variance)
    chance += weight * Math.exp(-evidence)
    if (chance > 1 || (weight > 0.01 && evidence < wanted - 6 && evidence < EXCESS_LEVEL))
      return Math.min(evidence, EXCESS_LEVEL)
  }
  return chance === 0 ? 0 : -Math.log(chance)
}
