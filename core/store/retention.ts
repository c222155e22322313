// How long windows and their sources live. The same arithmetic for both stores, so that they agree on what is expired.
import type { Window, WindowSize } from '../windows/window.ts'

/** How long a window is kept after its end. */
export interface Retention {
  readonly minuteHours: number
  readonly hourDays: number
  readonly dayDays: number
}

/**
 * A live store's default: rolling 24 hours from minutes, a quarter in hours, two years and a quarter's slack in days.
 */
export const DEFAULT_RETENTION: Retention = { minuteHours: 26, hourDays: 100, dayDays: 800 }

/**
 * Sensors are kept one by one for this long behind the watermark, then their totals, and the two busiest of a series and hour.
 */
export const SENSOR_DETAIL_SECONDS = 6 * 3600

/** How many sensors of a series and hour are kept for good. */
export const BUSIEST_SENSORS_KEPT = 2

const LENGTH_SECONDS: Readonly<Record<WindowSize, number>> = { minute: 60, hour: 3600, day: 86_400 }

/** Sources are closed to their number when their window's end is this far behind the watermark. */
const CLOSE_AFTER_SECONDS: Readonly<Record<WindowSize, number>> = {
  minute: 0,
  hour: 2 * 3600,
  day: 2 * 86_400
}

/** The end of a window, in seconds. A day of a zone is taken as 24 hours: what hangs on this has hours of slack. */
export function endSeconds(window: Pick<Window, 'size' | 'startSeconds'>): number {
  return window.startSeconds + LENGTH_SECONDS[window.size]
}

/** How long windows of a size are, days as above. */
export function windowLengthSeconds(size: WindowSize): number {
  return LENGTH_SECONDS[size]
}

/** Seconds that windows of a size are kept after their end; 0 stands for ever (a run). */
export function keptSeconds(size: WindowSize, retention: Retention | null): number {
  if (retention === null) return 0
  switch (size) {
    case 'minute':
      return retention.minuteHours * 3600
    case 'hour':
      return retention.hourDays * 86_400
    case 'day':
      return retention.dayDays * 86_400
    default:
      return size satisfies never
  }
}

/** When a window is to be forgotten, in seconds; 0 stands for never. It is expired from that second on. */
export function keepUntilSeconds(
  window: Pick<Window, 'size' | 'startSeconds'>,
  retention: Retention | null
): number {
  const kept = keptSeconds(window.size, retention)
  return kept === 0 ? 0 : endSeconds(window) + kept
}

/**
 * Windows that end at or before this are not counted any more but for what is late: by the watermark, and where nobody counts
 * (it is 0) by the clock.
 */
export function countedBeforeSeconds(size: WindowSize, watermarkSeconds: number, nowSeconds: number): number {
  return watermarkSeconds === 0
    ? nowSeconds
    : closedBeforeSeconds(size, Math.min(watermarkSeconds, nowSeconds))
}

/** Sources of windows that end at or before this are closed. */
export function closedBeforeSeconds(size: WindowSize, watermarkSeconds: number): number {
  return watermarkSeconds - CLOSE_AFTER_SECONDS[size]
}
