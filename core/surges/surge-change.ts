// What is told of a surge: one record a change of its state, on the topic surges.

import type { SurgeKind } from './surge.ts'

/**
 * `early` is raised within the hour and confirmed (`open`) or `withdrawn` when the hour is judged; `closed` is over.
 */
export const SURGE_STATES = ['early', 'open', 'closed', 'withdrawn'] as const

/** One of the states. */
export type SurgeState = (typeof SURGE_STATES)[number]

/**
 * A part of the rise, as share of it: the shares of one dimension add up to 1 with that of the rest. By `source` it is a part of
 * the surge's sources: those that were there as long before, and those that were not.
 */
export interface SurgeDriver {
  /** port, region, asn, tag, sensor or source. */
  readonly dimension: string
  /** '23/TCP', 'KR', '4766', 'mirai', 'tokyo-1', 'new' or 'known'; '' is the rest. By tag it is the tool, or 'other'. */
  readonly key: string
  readonly share: number
}

/** One change of state of one surge. */
export interface SurgeChange {
  /** The same however often it is sent: the surge's id and the change's number, 'a1b2...-3'. A reader keeps the first. */
  readonly id: string
  /** The same for all changes of a surge. */
  readonly surge: string
  /** 1, 2, 3 ... within the surge. */
  readonly number: number
  /** What it is told together with: the id of the story's first surge. */
  readonly story: string
  readonly series: string
  readonly kind: SurgeKind
  readonly state: SurgeState
  /** `page` wakes somebody, within what `--pages-per-quarter` allows. */
  readonly severity: 'page' | 'notice'
  /** When it began, and within which times that lies, in seconds since 1970. */
  readonly onsetSeconds: number
  readonly onsetFromSeconds: number
  readonly onsetToSeconds: number
  /** The end of the hour in which it was judged to be there. */
  readonly detectedSeconds: number
  /** The end of the hour that this change is about. */
  readonly hourEndSeconds: number
  /** When it ended; null while it has not. */
  readonly closedSeconds: number | null
  /** To the baseline, 1 is no change. */
  readonly ratio: number
  /**
   * False alarms a series and quarter to be expected of evidence this strong: less is surer. The surest of its first two
   * days counts. Null for a heavy hitter.
   */
  readonly score: number | null
  readonly drivers: readonly SurgeDriver[]
}
