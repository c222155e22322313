// Every hour of a store judged one after the other: what a run, or captures, would have been told live.
import type { CountStore } from '../../core/store/count-store.ts'
import { SeriesJudge } from '../../core/surges/series-judge.ts'
import { SurgeBook } from '../../core/surges/surge-book.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../../core/surges/stories.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { Thresholds } from '../../core/surges/thresholds.ts'
import type { Sensor } from '../../core/telescope/sensor-list.ts'
import { readHour } from './read-hour.ts'

const HOUR_SECONDS = 3600

/** What would have been told. */
export interface JudgedStore {
  /** The newest change of each surge, in the order in which they were first told. */
  readonly told: readonly SurgeChange[]
  /** Whether there were more series than are judged; those that came last were not. */
  readonly hasLeftOut: boolean
}

/** Judges all that is there. Hours without any count are gaps. */
export async function judgeStore(
  store: CountStore,
  sensors: readonly Sensor[],
  thresholds: Thresholds,
  pagesPerQuarter = DEFAULT_PAGES_PER_QUARTER,
  vantage = 'all'
): Promise<JudgedStore> {
  const judge = new SeriesJudge(thresholds, null)
  const book = new SurgeBook([], pagesPerQuarter)
  const newest = new Map<string, SurgeChange>()
  for (const start of await store.windows('hour', 'UTC', vantage)) {
    const judged = judge.judge(await readHour(store, sensors, start, 1, vantage))
    const hourEndSeconds = start + HOUR_SECONDS
    const { series } = judge
    for (const change of book.enter({ judged, open: judge.open(), hourEndSeconds, series }))
      newest.set(change.surge, change)
  }
  return { told: [...newest.values()], hasLeftOut: judge.hasLeftOut }
}
