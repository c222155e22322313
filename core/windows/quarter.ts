// Quarters of an hour, in UTC: days begin on one in every zone in use since 1972, so the sources of a quarter are sources
// of its hour and of its days, whole.

import { dayStartSeconds } from './time-zone.ts'
import type { Window } from './window.ts'

/** How long a quarter is. */
export const QUARTER_SECONDS = 900

/** The hour of a quarter, and its day in each zone. */
export function windowsOfQuarter(quarterSeconds: number, zones: readonly string[]): Window[] {
  return [
    { size: 'hour', zone: 'UTC', startSeconds: Math.floor(quarterSeconds / 3600) * 3600 },
    ...zones.map(
      (zone): Window => ({ size: 'day', zone, startSeconds: dayStartSeconds(zone, quarterSeconds) })
    )
  ]
}
