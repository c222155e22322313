// Hourly counts for tests: Poisson around a daily swing, from a seed.
import { SeededRandom } from '../../../bench/detection/random.ts'
import type { HourCounts } from '../../../core/surges/hour-counts.ts'
import { judgeHour, openSurges } from '../../../core/surges/judge-hour.ts'
import { SeriesTable } from '../../../core/surges/series-table.ts'
import { DEFAULT_SURGE_SETTINGS, type SurgeSettings } from '../../../core/surges/settings.ts'
import type { Surge } from '../../../core/surges/surge.ts'
import { thresholdsOf } from '../../../core/surges/thresholds.ts'

/** A Thursday, midnight, in hours since 1970. */
export const FIRST_HOUR = 24 * 7 * 2700

/** Counts of each hour; `rateOf` says by what the usual rate is multiplied, or null for a gap. */
export function makeHours(
  hours: number,
  rate: number,
  rateOf: (hour: number) => number | null = () => 1,
  seed = 1
): (HourCounts | null)[] {
  const random = new SeededRandom(seed, 0)
  return Array.from({ length: hours }, (_, hour) => {
    const factor = rateOf(hour)
    const swing = 1 + 0.4 * Math.cos((2 * Math.PI * hour) / 24)
    const sources = random.poisson(rate * swing * (factor ?? 1) * random.gamma(30))
    const packets = sources + random.poisson(2 * sources)
    return factor === null ? null : { packets, sources, busiest: null, darkAddresses: null }
  })
}

/** Every change, in order; hours are those of the series. */
export function judgeAll(
  hours: readonly (HourCounts | null)[],
  settings: Partial<SurgeSettings> = {},
  table = new SeriesTable()
): Surge[] {
  const number = table.add()
  const changes: Surge[] = []
  const thresholds = thresholdsOf({ ...DEFAULT_SURGE_SETTINGS, ...settings })
  for (const [hour, counts] of hours.entries()) {
    judgeHour(table, number, FIRST_HOUR + hour, counts, thresholds, changes)
  }
  return changes.map(fromStart)
}

/** What is open at the end, with hours of the series. */
export function openOf(table: SeriesTable, number: number): Surge[] {
  return openSurges(table, number).map(fromStart)
}

function fromStart(surge: Surge): Surge {
  return {
    ...surge,
    onsetHour: surge.onsetHour - FIRST_HOUR,
    onsetFromHour: surge.onsetFromHour - FIRST_HOUR,
    onsetToHour: surge.onsetToHour - FIRST_HOUR,
    detectedHour: surge.detectedHour - FIRST_HOUR,
    closedHour: surge.closedHour === null ? null : surge.closedHour - FIRST_HOUR
  }
}
