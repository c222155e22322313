// What a detector hands to the judgement of an hour, and what it gets back. Pure: the same hours give the same surges.
import type { SurgeDriver } from './surge-change.ts'
import type { Surge, SurgeKind } from './surge.ts'

/** Packets and unique sources of a series. */
export interface SeriesHour {
  readonly packets: number
  readonly sources: number
}

/** One hour of all series. */
export interface HourReading {
  readonly startSeconds: number
  /** False where no sensor was there to see it: that is a gap, and no zero. */
  readonly isObserved: boolean
  /** Of the sensors that were live in it; 0 where none are declared. */
  readonly darkAddresses: number
  /** A series that is not there had no packets. */
  readonly series: ReadonlyMap<string, SeriesHour>
}

/** A surge that opens, is told anew, or closes in the hour. */
export interface JudgedSurge {
  readonly series: string
  readonly kind: SurgeKind
  readonly state: 'open' | 'closed'
  readonly onsetSeconds: number
  readonly onsetFromSeconds: number
  readonly onsetToSeconds: number
  /** End of the hour in which it opened. */
  readonly detectedSeconds: number
  /** Null while it is open. */
  readonly closedSeconds: number | null
  readonly ratio: number
  /** As of a SurgeChange. */
  readonly score: number | null
  /** Where somebody has looked for them. */
  readonly drivers?: readonly SurgeDriver[]
}

/** Judges hour after hour; what it knows is its own until it is written. */
export interface HourlyJudge {
  /** How many series it keeps. */
  readonly series: number
  /** Whether there were series that it had no room for: they are not judged. */
  readonly hasLeftOut: boolean
  /** A series with fewer sources than this in an hour surges in none. */
  readonly smallestCount: number
  /** Hours come in order, each once. */
  judge(hour: HourReading): JudgedSurge[]
  /**
   * Surges that the counts of an hour would open although it is not over: what is there of it is enough by itself. Changes
   * nothing.
   */
  peek(hour: HourReading): JudgedSurge[]
  /** What is open after the newest hour, as it is known by then: ratio, score and onset may have changed since it opened. */
  open(): JudgedSurge[]
  /** All that it knows, in parts of at most some megabytes. */
  toParts(): Uint8Array[]
}

const HOUR_SECONDS = 3600

/** A surge of the table, told by the name of its series. */
export function judgedSurge(surge: Surge, series: string): JudgedSurge {
  const { kind, ratio, score, closedHour } = surge
  return {
    series,
    kind,
    state: closedHour === null ? 'open' : 'closed',
    onsetSeconds: surge.onsetHour * HOUR_SECONDS,
    onsetFromSeconds: surge.onsetFromHour * HOUR_SECONDS,
    onsetToSeconds: surge.onsetToHour * HOUR_SECONDS,
    detectedSeconds: surge.detectedHour * HOUR_SECONDS,
    closedSeconds: closedHour === null ? null : closedHour * HOUR_SECONDS,
    ratio,
    score
  }
}
