// The scan: sums over windows that end with the newest hour, each against what it should be.
import { dipFactor, noteDip } from './dips.ts'
import { clumping, hourlyDispersion } from './dispersion.ts'
import { mixedEvidence, wanderedEvidence } from './evidence.ts'
import { clearFinding, finding, offerFinding } from './finding.ts'
import * as at from './layout.ts'
import { BEFORE_WINDOWS } from './local-level.ts'
import { ownTail } from './own-tail.ts'
import { scanDays } from './scan-days.ts'
import { HOUR_WINDOWS, type Thresholds } from './thresholds.ts'

/** From here on a window's hours are clipped: no single hour carries it. */
const FIRST_CLIPPED_HOURS = 8
/** Variance of the log rate that a drift makes in the nine days between a window and its baseline. */
const DRIFT_VARIANCE = 0.0006
/** Hours behind the near rate, about. */
const NEAR_HOURS = 300
/** Windows whose dips are kept: in hours, and their places in HOUR_WINDOWS. */
const DIP_HOURS = [8, 24] as const
const DIP_WINDOWS = [HOUR_WINDOWS.indexOf(8), HOUR_WINDOWS.indexOf(24)] as const
const LEAST_OF_VARIANCE = 0.7
/** No alarm takes as little, whatever the tail of the series. */
const LITTLE_EVIDENCE = 3
/** A rise to less than this part of the far rate is a return, as after a holiday. */
const RETURN_SHARE = 0.8

/** No hour counts for more than this in windows of many hours, where so many counts come together. */
export function clippedCount(count: number, expected: number, clump: number): number {
  return Math.min(count, 4 * expected + 4 * clump)
}

/** Counts and clipped counts in clumps, and exposures, of so many newest hours, where somebody asks for them. */
const raw = new Float64Array(at.RING_HOURS + 1)
const clipped = new Float64Array(at.RING_HOURS + 1)
const exposures = new Float64Array(at.RING_HOURS + 1)
const ASKED_HOURS = [...new Set([...HOUR_WINDOWS, ...BEFORE_WINDOWS.flatMap(({ from, to }) => [from, to])])]
  .filter((hours) => hours <= at.RING_HOURS)
  .sort((a, b) => a - b)

function sumHours(rows: Float32Array, row: number, hour: number, rate: number, clump: number): void {
  const counts = row + at.HOUR_COUNTS
  const hourExposures = row + at.HOUR_EXPOSURES
  const most = 4 * rate
  const more = 4 * clump
  let slot = hour % at.RING_HOURS
  let rawSum = 0
  let overSum = 0
  let exposureSum = 0
  let back = 0
  for (let i = 0; i < ASKED_HOURS.length; i++) {
    const asked = ASKED_HOURS[i]!
    for (; back < asked; back++) {
      const count = rows[counts + slot]!
      const exposure = rows[hourExposures + slot]!
      slot = slot === 0 ? at.RING_HOURS - 1 : slot - 1
      rawSum += count
      exposureSum += exposure
      if (count > most * exposure + more) overSum += count - most * exposure - more
    }
    raw[asked] = rawSum / clump
    clipped[asked] = (rawSum - overSum) / clump
    exposures[asked] = exposureSum
  }
}

/** Scans every window that ends with `hour`, in clumps of counts. The answer is in `finding`. */
export function scan(rows: Float32Array, row: number, hour: number, thresholds: Thresholds): void {
  const clump = clumping(rows, row)
  const countRate = Math.max(rows[row + at.NEAR_RATE]!, RETURN_SHARE * rows[row + at.FAR_RATE]!)
  const rate = countRate / clump
  const hourly = hourlyDispersion(rows, row)
  const base =
    clump / Math.max(1, rows[row + at.NEAR_SUPPORT]!) +
    DRIFT_VARIANCE +
    rows[row + at.NEAR_DRIFT]! +
    hourly / NEAR_HOURS +
    rows[row + at.ADDRESS_DOUBT]!
  clearFinding()
  sumHours(rows, row, hour, countRate, clump)
  finding.dayCount = clipped[24]! * clump
  finding.dayExposure = exposures[24]!
  noteHours(rows, row, 0, rate, hourly, base)
  noteHours(rows, row, 1, rate, hourly, base)
  for (let number = 0; number < HOUR_WINDOWS.length; number++) {
    const length = HOUR_WINDOWS[number]!
    const sum = length < FIRST_CLIPPED_HOURS ? raw[length]! : clipped[length]!
    if (sum < thresholds.smallestCount || sum < thresholds.smallestRatio * rate * exposures[length]!) continue
    judgeWindow(rows, row, number, sum, rate, clump, hourly, base, thresholds.hours[number]!)
  }
  scanDays(rows, row, thresholds, hourly, clump)
}

function noteHours(
  rows: Float32Array,
  row: number,
  scale: 0 | 1,
  rate: number,
  hourly: number,
  base: number
): void {
  const length = DIP_HOURS[scale]
  const exposure = exposures[length]!
  // Half of a window in gaps tells little.
  if (exposure < length / 2) return
  const wander = BEFORE_WINDOWS[DIP_WINDOWS[scale]]!.windowVariance * rows[row + at.WANDER]!
  noteDip(rows, row, scale, clipped[length]!, rate * exposure, hourly / Math.max(1, exposure) + base + wander)
}

function judgeWindow(
  rows: Float32Array,
  row: number,
  number: number,
  count: number,
  rate: number,
  clump: number,
  hourly: number,
  base: number,
  threshold: number
): void {
  const length = HOUR_WINDOWS[number]!
  const exposure = exposures[length]!
  findLocalLevel(rows, row, number, rate, clump, hourly)
  const expected = rate * exposure * local.factor
  const noise = hourly / Math.max(1, exposure)
  let evidence = 0
  if (length === 1) {
    evidence = wanderedEvidence(count, expected, noise, base + local.left * rows[row + at.WANDER]!)
    finding.hourEvidence = evidence
  } else {
    evidence = mixedEvidence(
      rows,
      row + at.NEAR_WEIGHTS,
      count,
      expected,
      noise,
      base,
      local.left,
      dipFactor(rows, row, length < 24 ? 0 : 1),
      LEAST_OF_VARIANCE,
      length < FIRST_CLIPPED_HOURS ? LITTLE_EVIDENCE : threshold
    )
  }
  if (length < FIRST_CLIPPED_HOURS) evidence = ownTail(rows, row, evidence)
  const variance = noise + base + BEFORE_WINDOWS[number]!.windowVariance * rows[row + at.WANDER]!
  offerFinding(evidence - threshold, length, false, count / (rate * exposure), rate * clump, variance)
}

/** The level before a window: by what the rate is to be multiplied, and how much of the wander's variance is left then. */
const local = { factor: 1, left: 1 }

/**
 * The best linear prediction of a window from the hours before it. A level that was low is not taken to stay low: what
 * comes back, as after a holiday, is no rise.
 */
function findLocalLevel(
  rows: Float32Array,
  row: number,
  number: number,
  rate: number,
  clump: number,
  hourly: number
): void {
  const wander = rows[row + at.WANDER]!
  const { from, to, windowVariance, beforeVariance, covariance } = BEFORE_WINDOWS[number]!
  const isOfDays = from >= at.RING_HOURS
  const exposure = isOfDays
    ? rows[row + at.RECENT_EXPOSURES + 1]! - rows[row + at.RECENT_EXPOSURES]!
    : exposures[to]! - exposures[from]!
  local.factor = 1
  local.left = windowVariance
  if (exposure <= 0) return
  const expected = rate * exposure
  const gain = (covariance * wander) / (beforeVariance * wander + hourly / exposure + 1 / expected)
  const count = isOfDays
    ? (rows[row + at.RECENT_COUNTS + 1]! - rows[row + at.RECENT_COUNTS]!) / clump
    : clipped[to]! - clipped[from]!
  if (count > expected) local.factor = Math.exp(gain * Math.log(count / expected))
  local.left = windowVariance - gain * covariance
}
