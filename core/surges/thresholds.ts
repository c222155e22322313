// The evidence that an alarm takes, from the false alarms that are asked for.
import type { SurgeSettings } from './settings.ts'

/** Windows in hours that end with the newest hour, against the near rate. */
export const HOUR_WINDOWS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 72] as const

/** Windows of whole days and the day under way, against the far rate (all but the first) and the old one (from a week). */
export const DAY_WINDOWS = [3, 5, 7, 10, 14] as const

const QUARTER_HOURS = 91 * 24
/**
 * Neighbouring windows alarm together: what is asked for may be given out this many times. Held against null series of
 * the reference generator, at 0.01, 0.1 and 1 (docs/detection.md).
 */
const OVERLAP = 2.3
/** Shares of the false alarms, relative to a window of some hours: a slow rise cannot be told by waiting for the next one. */
const HALF_DAY_SHARE = 3
const DAYS_SHARE = 12

/** What an alarm takes. */
export interface Thresholds {
  /** As they were asked for, a series and quarter. */
  readonly falseAlarms: number
  /** Evidence (natural log) for each of HOUR_WINDOWS and DAY_WINDOWS. */
  readonly hours: Float64Array
  readonly days: Float64Array
  readonly smallestRatio: number
  readonly smallestCount: number
}

/** The thresholds for some settings: found once, used for every series and hour. */
export function thresholdsOf({ falseAlarms, smallestRatio, smallestCount }: SurgeSettings): Thresholds {
  const share = (falseAlarms * OVERLAP) / (HOUR_WINDOWS.length + DAY_WINDOWS.length)
  const evidence = (hours: number, weight: number) =>
    Math.log((QUARTER_HOURS * testsAnHour(hours)) / (share * weight))
  return {
    falseAlarms,
    hours: Float64Array.from(HOUR_WINDOWS, (hours) => evidence(hours, hourWindowShare(hours))),
    days: Float64Array.from(DAY_WINDOWS, (days) => evidence(days * 24, DAYS_SHARE)),
    smallestRatio,
    smallestCount
  }
}

function hourWindowShare(hours: number): number {
  return hours < 12 ? 1 : HALF_DAY_SHARE
}

/**
 * False alarms an hour at evidence 0, as an exponential tail is carried down to it: that of a normal deviate for windows
 * of few hours, upcrossings of a moving sum for longer ones (Slepian 1961).
 */
function testsAnHour(windowHours: number): number {
  return Math.min(0.08, 2 / windowHours)
}
