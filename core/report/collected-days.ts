// The days of a report and what they add up to, gathered day by day.
import { type KeptDay, type ReportDay, TotalsSum, withoutSmallPorts } from './day-counts.ts'
import type { Period } from './period.ts'

/** Days of both periods; what is of neither is left out. */
export class CollectedDays {
  readonly days: KeptDay[] = []
  readonly now = new TotalsSum()
  readonly earlier = new TotalsSum()
  readonly #now: ReadonlySet<number>
  readonly #earlier: ReadonlySet<number>

  constructor(period: Period, before: Period) {
    this.#now = new Set(period.days)
    this.#earlier = new Set(before.days)
  }

  /** Adds a day; in order of time. */
  add(day: ReportDay): void {
    const [isNow, isEarlier] = [this.#now, this.#earlier].map((days) => days.has(day.startSeconds))
    if (isNow) this.now.add(day)
    // A period may be held against one that it shares days with.
    if (isEarlier) this.earlier.add(day)
    if (isNow || isEarlier) this.days.push(withoutSmallPorts(day))
  }
}
