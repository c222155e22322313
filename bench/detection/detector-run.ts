// The product's detector over one generated series.
import type { HourCounts } from '../../core/surges/hour-counts.ts'
import { judgeHour, openSurges } from '../../core/surges/judge-hour.ts'
import { SeriesTable } from '../../core/surges/series-table.ts'
import type { Surge } from '../../core/surges/surge.ts'
import type { Thresholds } from '../../core/surges/thresholds.ts'
import { type HourlySeries, SERIES_HOURS } from './series.ts'

/** The first hour of every generated series: a Thursday, midnight. */
export const FIRST_HOUR = 24 * 7 * 2700

/** What became of each surge of a series, in the order of their detection; hours are those of the series. */
export function detectSurges(series: HourlySeries, thresholds: Thresholds): Surge[] {
  const table = new SeriesTable(1)
  const number = table.add()
  const changes: Surge[] = []
  for (let hour = 0; hour < SERIES_HOURS; hour++) {
    judgeHour(table, number, FIRST_HOUR + hour, countsOf(series, hour), thresholds, changes)
  }
  changes.push(...openSurges(table, number))
  const last = new Map<string, Surge>()
  for (const change of changes) last.set(`${change.kind === 'heavy-hitter'} ${change.detectedHour}`, change)
  return [...last.values()].sort((a, b) => a.detectedHour - b.detectedHour)
}

/** An hour as the detector is told of it. */
export function countsOf(series: HourlySeries, hour: number): HourCounts | null {
  if (series.isGap[hour] === 1) return null
  return {
    packets: series.packets[hour]!,
    sources: series.sources[hour]!,
    busiest: {
      sensor: series.busiestSensor[hour]!,
      count: series.busiest[hour]!,
      secondCount: series.second[hour]!
    },
    darkAddresses: series.darkAddresses[hour]!
  }
}
