// What the detector says of a series.

/**
 * `spike` ended within a day, `step` is sudden and stays, `trend` grows over days and weeks, and `heavy-hitter` is a jump
 * of packets without one of sources: one source is loud, nothing spreads.
 */
export const SURGE_KINDS = ['spike', 'step', 'trend', 'heavy-hitter'] as const

/** One of them. */
export type SurgeKind = (typeof SURGE_KINDS)[number]

/** Why a surge is closed: its counts came back, or it lasted four weeks and is what is usual now. */
export type SurgeEnd = 'over' | 'became-usual'

/** A surge as an hour left it. Hours are whole hours since 1970, UTC, and mean the hour's start. */
export interface Surge {
  /** The series' number in its table. */
  readonly series: number
  readonly kind: SurgeKind
  readonly onsetHour: number
  /** The onset lies between these, as far as the counts can tell. */
  readonly onsetFromHour: number
  readonly onsetToHour: number
  /** The hour after the judged one: its end. */
  readonly detectedHour: number
  /** The hour after the last one that was raised; null while it is open. */
  readonly closedHour: number | null
  readonly end: SurgeEnd | null
  /** Rate over the baseline's, since the onset; of a trend in the last three days; of a heavy hitter in its packets. */
  readonly ratio: number
  /**
   * False alarms a series and quarter to be expected of evidence this strong: an alarm has at most what was asked for,
   * and less is surer. Null for a heavy hitter.
   */
  readonly score: number | null
}
