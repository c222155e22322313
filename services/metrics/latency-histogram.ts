// How long batches took, counted in an array; made into a Prometheus histogram when somebody scrapes.

/** Upper bounds of the buckets, in seconds, inclusive; the last one of a histogram is +Inf beside these. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600
]

/** Counts durations. An observation costs a few comparisons and no allocation. */
export class LatencyHistogram {
  /** Observations by bucket, not cumulative; the last is what is over every bound. */
  readonly #counts = new Float64Array(LATENCY_BUCKETS_SECONDS.length + 1)
  #sumSeconds = 0

  /** Clocks of two machines differ: what seems to have taken less than no time took none. */
  observe(durationMs: number): void {
    const seconds = Math.max(0, durationMs) / 1000
    let bucket = 0
    while (bucket < LATENCY_BUCKETS_SECONDS.length && seconds > LATENCY_BUCKETS_SECONDS[bucket]!) bucket += 1
    this.#counts[bucket]! += 1
    this.#sumSeconds += seconds
  }

  get sumSeconds(): number {
    return this.#sumSeconds
  }

  /** Observations at or under each bound, and, last, all of them. */
  cumulative(): number[] {
    let sum = 0
    return [...this.#counts].map((count) => (sum += count))
  }
}
