// What a detector can show; published when Prometheus asks.
import type { SurgeChange } from '../../core/surges/surge-change.ts'

/** Plain numbers and the open surges; services/metrics exposes them. */
export class DetectorCounters {
  /** Whether this one holds the lease: of several, one judges. */
  isJudging = false
  /** End of the newest judged hour, in seconds since 1970; before the first, when this one began. */
  judgedUpToSeconds: number
  /** How many series are kept. */
  series = 0
  /** Changes that wait for Kafka. */
  waitingChanges = 0
  /** Changes that Kafka has acknowledged. */
  sentChanges = 0
  /** Rounds that a store or a bus did not answer. */
  failedRounds = 0
  /** The newest change of each open surge, the most certain first. */
  open: readonly SurgeChange[] = []

  constructor(startedSeconds: number) {
    this.judgedUpToSeconds = startedSeconds
  }
}
