// The scorer: section 3 of the guide. Alarms within 24 hours are one episode; a planted event is found by an episode that
// begins in its window; a null series' episodes from day 14 on are false alarms.
import { type EventKind, type PlantedEvent, SCORED_FROM_HOUR, SERIES_HOURS } from './series.ts'

const DAY = 24
const MERGE_HOURS = 24

/** The first hours of episodes, from the hours that alarm, in order. */
export function episodes(alarmHours: readonly number[]): number[] {
  const starts: number[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const hour of alarmHours) {
    if (hour - last > MERGE_HOURS) starts.push(hour)
    last = hour
  }
  return starts
}

/** False alarms a series and quarter, from the alarm hours of null series. */
export function falseAlarmRate(alarmsOfNulls: readonly (readonly number[])[]): number {
  let count = 0
  for (const hours of alarmsOfNulls)
    count += episodes(hours).filter((hour) => hour >= SCORED_FROM_HOUR).length
  return (count * SERIES_HOURS) / (alarmsOfNulls.length * (SERIES_HOURS - SCORED_FROM_HOUR))
}

/** The last hour at which an episode that begins still counts as found. */
export function lastHourOf({ kind, onsetHour, endHour }: PlantedEvent): number {
  switch (kind) {
    case 'none':
      return Number.NEGATIVE_INFINITY
    case 'step2':
    case 'step3':
    case 'step5':
      return onsetHour + 14 * DAY
    case 'ramp2x14':
    case 'ramp2x30':
    case 'ramp5x30':
      return endHour + 7 * DAY
    case 'spike':
    case 'flood':
      return endHour + 6
    default:
      return kind satisfies never
  }
}

/** The hour in which an event was found, or null. */
export function foundAt(event: PlantedEvent, alarmHours: readonly number[]): number | null {
  const last = lastHourOf(event)
  return episodes(alarmHours).find((hour) => hour >= event.onsetHour && hour <= last) ?? null
}

/** What a detector reached on one kind of event. The delay counts the hours that were judged, the first included. */
export interface EventScore {
  readonly kind: EventKind
  readonly recall: number
  readonly medianDelayHours: number | null
}

/** Recall and the median delay among those found. */
export function scoreEvents(
  kind: EventKind,
  found: readonly { readonly event: PlantedEvent; readonly hour: number | null }[]
): EventScore {
  const delays = found.flatMap(({ event, hour }) => (hour === null ? [] : [hour + 1 - event.onsetHour]))
  return { kind, recall: delays.length / found.length, medianDelayHours: median(delays) }
}

/** The median, or null of none. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const ordered = values.toSorted((a, b) => a - b)
  const middle = ordered.length >> 1
  return ordered.length % 2 === 1 ? ordered[middle]! : (ordered[middle - 1]! + ordered[middle]!) / 2
}
