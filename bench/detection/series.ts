// What the generators make and the detectors read: hourly counts of one series, and the event that was planted in it.

/** Hours of a series: 91 days, a quarter. */
export const SERIES_HOURS = 91 * 24

/** The first hour whose alarms count: the two weeks before it are for learning. */
export const SCORED_FROM_HOUR = 14 * 24

/** What was planted, as the tables name it. `none` is a null series. */
export const EVENT_KINDS = [
  'none',
  'step2',
  'step3',
  'step5',
  'ramp2x14',
  'ramp2x30',
  'ramp5x30',
  'spike',
  'flood'
] as const

/** One of them. */
export type EventKind = (typeof EVENT_KINDS)[number]

/** A planted event; hours from the series' start. */
export interface PlantedEvent {
  readonly kind: EventKind
  readonly onsetHour: number
  /** Steps have none: 14 days after the onset, for the scorer. */
  readonly endHour: number
  /** The rate at its height over the rate without it. */
  readonly ratio: number
}

/** Hourly columns of one series. In a gap every count is 0 and says nothing. */
export interface HourlySeries {
  readonly packets: Float64Array
  readonly sources: Float64Array
  /** Sources at the busiest sensor of the hour, at the second, and which sensor the busiest is. */
  readonly busiest: Float64Array
  readonly second: Float64Array
  readonly busiestSensor: Uint8Array
  readonly darkAddresses: Float64Array
  readonly isGap: Uint8Array
  /** Sources an hour, before swings and events. */
  readonly baseRate: number
  readonly event: PlantedEvent
}

/** Channel M: sources with the busiest sensor cut down to the second. */
export function channelM(series: HourlySeries): Float64Array {
  return series.sources.map((sources, hour) => sources - series.busiest[hour]! + series.second[hour]!)
}
