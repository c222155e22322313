// Every hour of a store judged one after the other: what a run, or captures, would have been told live.
import type { CountStore } from '../../core/store/count-store.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../../core/surges/stories.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { Thresholds } from '../../core/surges/thresholds.ts'
import { ToldSurges } from '../../core/surges/told-surges.ts'
import type { Sensor } from '../../core/telescope/sensor-list.ts'
import { readHour } from './read-hour.ts'

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
  const surges = new ToldSurges(thresholds, pagesPerQuarter)
  for (const start of await store.windows('hour', 'UTC', vantage))
    surges.take(await readHour(store, sensors, start, 1, vantage))
  return { told: surges.changes(), hasLeftOut: surges.hasLeftOut }
}
