// Every hour of a store judged one after the other: what a run, or captures, would have been told live.
import type { CountStore } from '../../core/store/count-store.ts'
import type { HourReading } from '../../core/surges/hourly-judge.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../../core/surges/stories.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { Thresholds } from '../../core/surges/thresholds.ts'
import { ToldSurges } from '../../core/surges/told-surges.ts'
import type { Sensor } from '../../core/telescope/sensor-list.ts'
import { readHour } from './read-hour.ts'

/** Hours that are asked for before they are judged: Redis answers while others are judged. */
const READ_AHEAD = 4

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
  const starts = await store.windows('hour', 'UTC', vantage)
  const read = (start: number): Promise<HourReading> => readHour(store, sensors, start, 1, vantage)
  for await (const hour of readAhead(starts, read)) surges.take(hour)
  return { told: surges.changes(), hasLeftOut: surges.hasLeftOut }
}

/** Reads each of them in order, and some that follow meanwhile. */
async function* readAhead<T, R>(items: readonly T[], read: (item: T) => Promise<R>): AsyncGenerator<R> {
  const under: Promise<R>[] = []
  let next = 0
  for (let done = 0; done < items.length; done++) {
    while (next < items.length && under.length < READ_AHEAD) {
      const reading = read(items[next++]!)
      // Whoever waits for it hears of it.
      reading.catch(() => undefined)
      under.push(reading)
    }
    yield await under.shift()!
  }
}
