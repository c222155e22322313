// The evidence that an alarm takes, from the false alarms that are asked for.
import type { SurgeSettings } from './settings.ts'

/** Windows in days, against the far rate. */
export const RECENT_DAYS = [3, 5, 7, 10, 14] as const

/** Windows in hours, against the near rate; the short ones are of counts as they are, the others of clipped ones. */
export const HOUR_WINDOWS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 72] as const

/** Windows of the newest hour and what is before it share their hours: so much less often is there something new. */
const QUARTER_HOURS = 91 * 24

/** Evidence that each window takes: hours first, then days. */
export interface Thresholds {
  /** As they were asked for, a series and quarter. */
  readonly falseAlarms: number
  readonly hours: Float64Array
  readonly days: Float64Array
  readonly smallestRatio: number
  readonly smallestCount: number
}

/** Thresholds for windows of those days. */
export function thresholdsOf(
  settings: SurgeSettings,
  windowDays: readonly number[] = RECENT_DAYS,
  tune: Tune = TUNE
): Thresholds {
  const share = (settings.falseAlarms * tune.scale) / (HOUR_WINDOWS.length + windowDays.length)
  const of = (windowHours: number) =>
    Math.log((QUARTER_HOURS * testsAnHour(windowHours)) / share) -
    (windowHours === 1 ? -Math.log(tune['w1']!) : windowHours >= 12 ? Math.log(tune['wn']!) : 0)
  return {
    falseAlarms: settings.falseAlarms,
    hours: Float64Array.from(HOUR_WINDOWS, of),
    days: Float64Array.from(windowDays, (days) => of(days * 24) - Math.log(tune['wf']! / tune['wn']!)),
    smallestRatio: settings.smallestRatio,
    smallestCount: settings.smallestCount
  }
}

export interface Tune {
  scale: number
  [name: string]: number
}
export const TUNE: Tune = {
  scale: 2,
  pot: 1,
  wander: 1.15,
  near: 0.0012,
  drift: 0.002,
  g3: 0.9,
  far: 1,
  f0: 1,
  margin: 0,
  n0: 12,
  nu: 0.7,
  w1: 0.4,
  wf: 4,
  pw: 0.008,
  pf: 8,
  old: 1,
  odrift: 0.005,
  omargin: 0,
  lag: 7,
  prior: 0, wn: 4,
  look: 1e9,
  pref: 2,
  fw: 0.5,
  flag: 16,
  olag: 28,
  d8: 10,
  d24: 8,
  d168: 4,
  dmin: 0.7,
  dfar: 1
}

/**
 * False alarms an hour at evidence 0, as the exponential tail is carried down: a normal tail for windows of few hours, and
 * upcrossings of a moving sum for longer ones (Slepian 1961).
 */
function testsAnHour(windowHours: number): number {
  return Math.min(0.08, 2 / windowHours)
}
