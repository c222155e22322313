// The scan: sums over windows that end with the newest hour, each against what it should be.
import { dipFactor, noteDip } from './dips.ts'
import { hourlyDispersion } from './dispersion.ts'
import { excessEvidence, mixedEvidence } from './evidence.ts'
import { clearFinding, finding, offerFinding } from './finding.ts'
import * as at from './layout.ts'
import { ownTail } from './own-tail.ts'
import { scanDays } from './scan-days.ts'
import { HOUR_WINDOWS, type Thresholds } from './thresholds.ts'

/** From here on a window's hours are clipped: no single hour carries it. */
const FIRST_CLIPPED_HOURS = 8
/** Variance of the log rate that a drift makes in the nine days between a window and its baseline. */
const DRIFT_VARIANCE = 0.0012
/** Hours behind the near rate, about. */
const NEAR_HOURS = 300
/** Of the wander, a window of hours keeps all and the near rate adds some. */
const WANDER_LEFT = 1.15
const LEAST_OF_VARIANCE = 0.7
/** A rise to less than this part of the far rate is a return, as after a holiday. */
const RETURN_SHARE = 0.8

/** No hour counts for more than this in windows of many hours. */
export function clippedCount(count: number, expected: number): number {
  return Math.min(count, 4 * expected + 4)
}

/** Scans every window that ends with `hour`. The answer is in `finding`. */
export function scan(rows: Float32Array, row: number, hour: number, thresholds: Thresholds): void {
  const rate = Math.max(rows[row + at.NEAR_RATE]!, RETURN_SHARE * rows[row + at.FAR_RATE]!)
  const hourly = hourlyDispersion(rows, row)
  const base =
    1 / Math.max(1, rows[row + at.NEAR_SUPPORT]!) +
    DRIFT_VARIANCE +
    hourly / NEAR_HOURS +
    rows[row + at.ADDRESS_DOUBT]!
  clearFinding()
  let raw = 0
  let clipped = 0
  let exposure = 0
  let back = 0
  let slot = hour % at.RING_HOURS
  for (let number = 0; number < HOUR_WINDOWS.length; number++) {
    const length = HOUR_WINDOWS[number]!
    for (; back < length; back++) {
      const count = rows[row + at.HOUR_COUNTS + slot]!
      const hourExposure = rows[row + at.HOUR_EXPOSURES + slot]!
      slot = slot === 0 ? at.RING_HOURS - 1 : slot - 1
      const most = 4 * rate * hourExposure + 4
      raw += count
      clipped += Math.min(count, most)
      exposure += hourExposure
    }
    const rest = hourly / Math.max(1, exposure) + base
    if (length === 8) noteHours(rows, row, 0, clipped, rate * exposure, exposure, rest)
    else if (length === 24) {
      noteHours(rows, row, 1, clipped, rate * exposure, exposure, rest)
      finding.dayCount = clipped
      finding.dayExposure = exposure
    }
    const sum = length < FIRST_CLIPPED_HOURS ? raw : clipped
    if (sum < thresholds.smallestCount || sum < thresholds.smallestRatio * rate * exposure) continue
    judgeWindow(rows, row, length, sum, rate, exposure, rest, thresholds.hours[number]!)
  }
  scanDays(rows, row, thresholds, hourly)
}

function noteHours(
  rows: Float32Array,
  row: number,
  scale: 0 | 1,
  count: number,
  expected: number,
  exposure: number,
  rest: number
): void {
  // Half of a window in gaps tells little.
  if (exposure < (scale === 0 ? 4 : 12)) return
  noteDip(rows, row, scale, count, expected, rest + WANDER_LEFT * rows[row + at.WANDER]!)
}

function judgeWindow(
  rows: Float32Array,
  row: number,
  length: number,
  count: number,
  rate: number,
  exposure: number,
  rest: number,
  threshold: number
): void {
  const expected = rate * exposure
  const variance = rest + WANDER_LEFT * rows[row + at.WANDER]!
  let evidence = 0
  if (length === 1) {
    evidence = excessEvidence(count, expected, variance)
    finding.hourEvidence = evidence
  } else {
    const left = WANDER_LEFT * wanderLeft(length)
    const factor = dipFactor(rows, row, length < 24 ? 0 : 1)
    evidence = mixedEvidence(
      rows,
      row + at.NEAR_WEIGHTS,
      count,
      expected,
      rest,
      left,
      factor,
      LEAST_OF_VARIANCE
    )
  }
  if (length < FIRST_CLIPPED_HOURS) evidence = ownTail(rows, row, evidence)
  offerFinding(evidence - threshold, length, false, count / expected, rate, variance)
}

/** How much of the wander's variance is left in a mean over so many hours, where it remembers three days. */
function wanderLeft(hours: number): number {
  if (hours <= 24) return 1
  return hours <= 48 ? 0.9 : 0.8
}
