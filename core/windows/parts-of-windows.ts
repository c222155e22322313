// Which windows a minute and a quarter of an hour, in UTC, belong to. Days begin on a quarter in every zone in use since
// 1972, so what is in a quarter is in its hour and in its days, whole.

import { dayStartSeconds } from './time-zone.ts'
import type { Window } from './window.ts'

/** How long a quarter is. */
export const QUARTER_SECONDS = 900

/** The windows of a minute: itself, its hour, and its day in each zone. */
export function windowsOfMinute(minuteSeconds: number, zones: readonly string[]): Window[] {
  return [
    { size: 'minute', zone: 'UTC', startSeconds: minuteSeconds },
    ...windowsOfQuarter(minuteSeconds, zones)
  ]
}

/** The hour of a quarter, and its day in each zone. */
export function windowsOfQuarter(quarterSeconds: number, zones: readonly string[]): Window[] {
  return [
    { size: 'hour', zone: 'UTC', startSeconds: Math.floor(quarterSeconds / 3600) * 3600 },
    ...zones.map(
      (zone): Window => ({ size: 'day', zone, startSeconds: dayStartSeconds(zone, quarterSeconds) })
    )
  ]
}
