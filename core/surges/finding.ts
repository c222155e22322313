// What the scan of an hour found.

/**
 * The window that speaks loudest, by its margin over its threshold. There is one, filled anew by each scan: nothing is
 * allocated an hour and series.
 */
export const finding = {
  /** Evidence less threshold; -Infinity where no window is over the smallest ratio and count. */
  margin: 0,
  windowHours: 0,
  /** True for windows of days, which are held against a rate of weeks ago. */
  isOfDays: false,
  ratio: 0,
  /** The rate it was held against, and its variance on the log scale. */
  rate: 0,
  variance: 0,
  /** Sources of the last day, clipped, and its exposure. */
  dayCount: 0,
  dayExposure: 0,
  /** Evidence of the newest hour alone. */
  hourEvidence: 0
}

/** Forgets the last scan. */
export function clearFinding(): void {
  finding.margin = Number.NEGATIVE_INFINITY
  finding.hourEvidence = 0
  finding.dayCount = 0
  finding.dayExposure = 0
}

/** Takes a window where it speaks louder than those before it. */
export function offerFinding(
  margin: number,
  windowHours: number,
  isOfDays: boolean,
  ratio: number,
  rate: number,
  variance: number
): void {
  if (margin <= finding.margin) return
  finding.margin = margin
  finding.windowHours = windowHours
  finding.isOfDays = isOfDays
  finding.ratio = ratio
  finding.rate = rate
  finding.variance = variance
}
