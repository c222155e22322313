// Where the level of a series was just before a window: a level that wanders is looked for where it was last, and a window
// that goes on where the level already was is no rise.
import { HOUR_WINDOWS } from './thresholds.ts'
import { MEMORY_HOURS } from './wander.ts'

/** Hours that the near rate is of. */
const NEAR_FROM = 48
const NEAR_TO = 384
/** Hours that are kept. */
const MOST_HOURS = 72
/** Short windows are held against the day before them; the newest hours may be of the same spike. */
const SHORT_WINDOW = 8
const SHORT_FROM = 6
const SHORT_HOURS = 24
const LONG_HOURS = 48

/** Before the longest window only days are kept: the fourth and the fifth before today, which are half a day older. */
const DAYS_FROM = 84

/** The hours before a window, and how they and the window vary about the near rate, in units of the wander's variance. */
export interface BeforeWindow {
  /** Hours back; beyond those that are kept it is days that are meant. */
  readonly from: number
  readonly to: number
  /** Variance of the window's mean, of the mean of the hours before it, and their covariance. */
  readonly windowVariance: number
  readonly beforeVariance: number
  readonly covariance: number
}

/** For each of HOUR_WINDOWS. Of an Ornstein-Uhlenbeck level: covariances fall by e in MEMORY_HOURS. */
export const BEFORE_WINDOWS: readonly BeforeWindow[] = HOUR_WINDOWS.map(beforeWindow)

function beforeWindow(hours: number): BeforeWindow {
  const isShort = hours < SHORT_WINDOW
  const isKept = hours < MOST_HOURS
  const from = isShort ? SHORT_FROM : isKept ? hours : DAYS_FROM
  const to = isKept
    ? Math.min(MOST_HOURS, from + (isShort ? SHORT_HOURS : LONG_HOURS))
    : DAYS_FROM + LONG_HOURS
  const window = [0, hours] as const
  const before = [from, to] as const
  const near = [NEAR_FROM, NEAR_TO] as const
  const own = covarianceOf(near, near)
  const windowNear = covarianceOf(window, near)
  const beforeNear = covarianceOf(before, near)
  return {
    from,
    to,
    windowVariance: covarianceOf(window, window) - 2 * windowNear + own,
    beforeVariance: covarianceOf(before, before) - 2 * beforeNear + own,
    covariance: covarianceOf(window, before) - windowNear - beforeNear + own
  }
}

/** Of the means over two stretches of hours. */
function covarianceOf(one: readonly [number, number], other: readonly [number, number]): number {
  const [from, to] = one
  const [otherFrom, otherTo] = other
  // By lag: so many pairs of hours are so far apart.
  let sum = 0
  for (let lag = otherFrom - to + 1; lag < otherTo - from; lag++) {
    const pairs = Math.min(to, otherTo - lag) - Math.max(from, otherFrom - lag)
    sum += pairs * Math.exp(-Math.abs(lag) / MEMORY_HOURS)
  }
  return sum / ((to - from) * (otherTo - otherFrom))
}
