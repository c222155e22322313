// What would have been told of hours, one judged after the other: of a run, an export, or captures.
import type { HourReading } from './hourly-judge.ts'
import { SeriesJudge } from './series-judge.ts'
import { SurgeBook } from './surge-book.ts'
import type { SurgeChange } from './surge-change.ts'
import type { Thresholds } from './thresholds.ts'

const HOUR_SECONDS = 3600

/** A judge and its book. */
export class ToldSurges {
  readonly #judge: SeriesJudge
  readonly #book: SurgeBook
  readonly #newest = new Map<string, SurgeChange>()

  constructor(thresholds: Thresholds, pagesPerQuarter: number) {
    this.#judge = new SeriesJudge(thresholds, null)
    this.#book = new SurgeBook([], pagesPerQuarter)
  }

  /** Whether there were more series than are judged; those that came last were not. */
  get hasLeftOut(): boolean {
    return this.#judge.hasLeftOut
  }

  /** Judges an hour, which must be later than those before it. */
  take(hour: HourReading): void {
    const judged = this.#judge.judge(hour)
    const hourEndSeconds = hour.startSeconds + HOUR_SECONDS
    const { series } = this.#judge
    for (const change of this.#book.enter({ judged, open: this.#judge.open(), hourEndSeconds, series }))
      this.#newest.set(change.surge, change)
  }

  /** The newest change of each surge, in the order in which they were first told. */
  changes(): SurgeChange[] {
    return [...this.#newest.values()]
  }
}
