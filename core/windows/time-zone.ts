// Starts and ends of windows: arithmetic in UTC, and days in any IANA time zone. The zone's rules come from the
// engine's own tz database (Intl.DateTimeFormat); this file only finds where its days begin, and asks it once a UTC
// day, not once a packet.

import type { Window, WindowSize } from './window.ts'

const DAY_SECONDS = 86_400
const SIZE_SECONDS: Readonly<Record<WindowSize, number>> = { minute: 60, hour: 3600, day: DAY_SECONDS }

/** A stretch of time with one UTC offset: [fromSeconds, toSeconds). */
interface OffsetSpan {
  readonly fromSeconds: number
  readonly toSeconds: number
  readonly offsetSeconds: number
}

/** The engine's name of the zone ('utc' and 'Etc/UTC' are 'UTC'), or null where it knows none of that name. */
export function resolveTimeZone(name: string): string | null {
  try {
    const zone = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone
    return UTC_NAMES.has(zone) ? 'UTC' : zone
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const UTC_NAMES = new Set(['UTC', 'Etc/UTC', 'Etc/GMT', 'GMT', 'Etc/UCT', 'Etc/Zulu', 'Etc/Universal'])

/** Local time minus UTC at an instant, in seconds (some zones had odd seconds until 1972). */
export function utcOffsetSeconds(zone: string, seconds: number): number {
  return zone === 'UTC' ? 0 : zoneOf(zone).offsetAt(seconds)
}

/**
 * Start of the local day that holds an instant: the first instant at which the zone's calendar shows that date or a
 * later one. Days are then one interval each, also where clocks skip midnight (the day starts at 01:00), skip a whole
 * date, or are turned back across midnight (the repeated hour belongs to the new day). Negative just after 1970-01-01
 * east of Greenwich.
 */
export function dayStartSeconds(zone: string, seconds: number): number {
  if (zone === 'UTC') return seconds - modulo(seconds, DAY_SECONDS)
  const days = zoneOf(zone)
  return days.startOfDate(days.dateOf(seconds), seconds)
}

/** Start of the day after the one that holds an instant. */
export function dayEndSeconds(zone: string, seconds: number): number {
  if (zone === 'UTC') return seconds - modulo(seconds, DAY_SECONDS) + DAY_SECONDS
  const days = zoneOf(zone)
  return days.startOfDate(days.dateOf(seconds) + 1, seconds + 2 * DAY_SECONDS)
}

/**
 * The instant at which a zone's clock first shows a local time, given as if it were UTC; where it is skipped, the
 * instant of the jump.
 */
export function instantOfLocalSeconds(zone: string, localSeconds: number): number {
  if (zone === 'UTC') return localSeconds
  return zoneOf(zone).instantOfLocal(localSeconds)
}

/** Start of the window that holds an instant. The zone counts for days only. */
export function windowStartSeconds(size: WindowSize, zone: string, seconds: number): number {
  return size === 'day' ? dayStartSeconds(zone, seconds) : seconds - modulo(seconds, SIZE_SECONDS[size])
}

/** End of a window, which is no part of it. */
export function windowEndSeconds({ size, zone, startSeconds }: Window): number {
  return size === 'day' ? dayEndSeconds(zone, startSeconds) : startSeconds + SIZE_SECONDS[size]
}

/**
 * ISO 8601: with Z for minutes, hours and UTC days, with the zone's offset for its days (2022-05-11T00:00:00+09:00).
 */
export function formatWindowStart({ size, zone, startSeconds }: Window): string {
  return size === 'day' ? formatZoned(zone, startSeconds) : formatUtc(startSeconds)
}

/** An instant as ISO 8601 to the second, `2022-05-11T00:00:00Z`. */
export function formatUtc(seconds: number): string {
  return `${localText(seconds)}Z`
}

/** An instant as a zone's clock shows it, ISO 8601 with its offset; seconds of offset only where there are any. */
export function formatZoned(zone: string, seconds: number): string {
  if (zone === 'UTC') return formatUtc(seconds)
  const offset = utcOffsetSeconds(zone, seconds)
  const size = Math.abs(offset)
  const fields = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60]
  if (fields[2] === 0) fields.pop()
  const text = fields.map((field) => String(field).padStart(2, '0')).join(':')
  return `${localText(seconds + offset)}${offset < 0 ? '-' : '+'}${text}`
}

function localText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19)
}

const zones = new Map<string, ZoneDays>()

function zoneOf(zone: string): ZoneDays {
  let days = zones.get(zone)
  if (days === undefined) {
    days = new ZoneDays(zone)
    zones.set(zone, days)
  }
  return days
}

/** A zone's offsets, asked once for each UTC day in use. */
class ZoneDays {
  readonly #format: Intl.DateTimeFormat
  readonly #spansByUtcDay = new Map<number, readonly OffsetSpan[]>()

  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    })
  }

  offsetAt(seconds: number): number {
    for (const span of this.#spans(Math.floor(seconds / DAY_SECONDS))) {
      if (seconds < span.toSeconds) return span.offsetSeconds
    }
    throw new RangeError(`no offset at ${seconds}`)
  }

  /** Days since 1970-01-01 of the calendar date in force: never lower than at an earlier instant. */
  dateOf(seconds: number): number {
    const utcDay = Math.floor(seconds / DAY_SECONDS)
    let date = Math.floor((seconds + this.offsetAt(seconds)) / DAY_SECONDS)
    // Where the clock was turned back across midnight, the date before the turn stays in force.
    for (const span of [...this.#spans(utcDay - 1), ...this.#spans(utcDay)]) {
      if (span.toSeconds <= seconds) {
        date = Math.max(date, Math.floor((span.toSeconds - 1 + span.offsetSeconds) / DAY_SECONDS))
      }
    }
    return date
  }

  /**
   * The first instant whose date is `date` or later, looked for in the four days before `nearSeconds` and the one
   * after.
   */
  startOfDate(date: number, nearSeconds: number): number {
    return this.#firstInstant(date * DAY_SECONDS, nearSeconds)
  }

  instantOfLocal(localSeconds: number): number {
    return this.#firstInstant(localSeconds, localSeconds)
  }

  /** The first instant at which the local clock shows `localSeconds` or later. */
  #firstInstant(localSeconds: number, nearSeconds: number): number {
    const utcDay = Math.floor(nearSeconds / DAY_SECONDS)
    for (let day = utcDay - 4; day <= utcDay + 2; day++) {
      for (const span of this.#spans(day)) {
        const instant = localSeconds - span.offsetSeconds
        if (instant < span.toSeconds) return Math.max(instant, span.fromSeconds)
      }
    }
    throw new RangeError(`no local time ${localSeconds} near ${nearSeconds}`)
  }

  /** The offsets of one UTC day. No zone has changed its offset twice within one UTC day since 1970. */
  #spans(utcDay: number): readonly OffsetSpan[] {
    let spans = this.#spansByUtcDay.get(utcDay)
    if (spans === undefined) {
      spans = this.#findSpans(utcDay * DAY_SECONDS)
      this.#spansByUtcDay.set(utcDay, spans)
    }
    return spans
  }

  #findSpans(fromSeconds: number): readonly OffsetSpan[] {
    const toSeconds = fromSeconds + DAY_SECONDS
    const before = this.#askOffset(fromSeconds)
    const after = this.#askOffset(toSeconds - 1)
    if (before === after) return [{ fromSeconds, toSeconds, offsetSeconds: before }]
    let low = fromSeconds
    let high = toSeconds - 1
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#askOffset(middle) === before) low = middle
      else high = middle
    }
    return [
      { fromSeconds, toSeconds: high, offsetSeconds: before },
      { fromSeconds: high, toSeconds, offsetSeconds: after }
    ]
  }

  #askOffset(seconds: number): number {
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(seconds * 1000)) parts[type] = Number(value)
    const local = Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute, parts.second)
    return local / 1000 - seconds
  }
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}
