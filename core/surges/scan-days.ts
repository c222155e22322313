// The slow part of the scan: windows of days against the rates of weeks ago.
import { dipFactor, noteDip } from './dips.ts'
import { mixedEvidence } from './evidence.ts'
import { offerFinding } from './finding.ts'
import * as at from './layout.ts'
import { DAY_WINDOWS, type Thresholds } from './thresholds.ts'

/** How much of the wander's variance is left in means over DAY_WINDOWS, that of the far rate included (3 days' memory). */
const WANDER_LEFT = [0.93, 0.77, 0.67, 0.58, 0.5] as const
/** Variance of the log rate that a benign drift makes meanwhile. */
const FAR_DRIFT_VARIANCE = 0.0005
const OLD_DRIFT_VARIANCE = 0.001
const WEEK = DAY_WINDOWS.indexOf(7)
const LEAST_OF_VARIANCE = 1

/** A rate of weeks ago, as a window is held against it. */
interface PastRate {
  readonly rate: number
  readonly support: number
  readonly weights: number
  readonly drift: number
  readonly driftVariance: number
  /** The first of DAY_WINDOWS that it is for. */
  readonly first: number
}

const FAR: PastRate = {
  rate: at.FAR_RATE,
  support: at.FAR_SUPPORT,
  weights: at.FAR_WEIGHTS,
  drift: at.FAR_DRIFT,
  driftVariance: FAR_DRIFT_VARIANCE,
  first: 1
}
const OLD: PastRate = {
  rate: at.OLD_RATE,
  support: at.OLD_SUPPORT,
  weights: at.OLD_WEIGHTS,
  drift: at.OLD_DRIFT,
  driftVariance: OLD_DRIFT_VARIANCE,
  first: WEEK
}

/** Scans the windows of days, the one under way included, in clumps of counts. The answer is in `finding`. */
export function scanDays(
  rows: Float32Array,
  row: number,
  thresholds: Thresholds,
  hourly: number,
  clump: number
): void {
  for (const past of [FAR, OLD]) {
    const rate = rows[row + past.rate]! / clump
    if (rate === 0) continue
    const base =
      clump / Math.max(1, rows[row + past.support]!) +
      past.driftVariance +
      rows[row + past.drift]! +
      rows[row + at.ADDRESS_DOUBT]!
    for (let number = past.first; number < DAY_WINDOWS.length; number++) {
      const count = (rows[row + at.RECENT_COUNTS + number]! + rows[row + at.TODAY_COUNT]!) / clump
      const exposure = rows[row + at.RECENT_EXPOSURES + number]! + rows[row + at.TODAY_EXPOSURE]!
      const expected = rate * exposure
      const rest = hourly / Math.max(1, exposure) + base
      const variance = rest + WANDER_LEFT[number]! * rows[row + at.WANDER]!
      if (past === FAR && number === WEEK && exposure > 84) noteDip(rows, row, 2, count, expected, variance)
      if (count < thresholds.smallestCount || count < thresholds.smallestRatio * expected) continue
      const evidence = mixedEvidence(
        rows,
        row + past.weights,
        count,
        expected,
        hourly / Math.max(1, exposure),
        base,
        WANDER_LEFT[number]!,
        dipFactor(rows, row, 2),
        LEAST_OF_VARIANCE,
        thresholds.days[number]!
      )
      const margin = evidence - thresholds.days[number]!
      offerFinding(margin, DAY_WINDOWS[number]! * 24, true, count / expected, rate * clump, variance)
    }
  }
}
