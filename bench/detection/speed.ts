// How fast the detector is: ns an hour and series, over generated series held in memory.
import { judgeHour } from '../../core/surges/judge-hour.ts'
import { SeriesTable } from '../../core/surges/series-table.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import type { Surge } from '../../core/surges/surge.ts'
import { thresholdsOf } from '../../core/surges/thresholds.ts'
import { countsOf, FIRST_HOUR } from './detector-run.ts'
import { generateSeries, REFERENCE } from './generator.ts'
import { SERIES_HOURS } from './series.ts'

/** What was measured. */
export interface DetectionSpeed {
  readonly seriesHours: number
  readonly seconds: number
  readonly nsPerSeriesHour: number
}

/** Judges a quarter of so many series, hour by hour over all of them, as a service does. */
export function measureSpeed(seriesCount: number): DetectionSpeed {
  const table = new SeriesTable(seriesCount)
  const distinct = Array.from({ length: 30 }, (_, i) => {
    const series = generateSeries(REFERENCE, 1, i, 'none')
    return Array.from({ length: SERIES_HOURS }, (_, hour) => countsOf(series, hour))
  })
  const numbers = Array.from({ length: seriesCount }, () => table.add())
  const thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS)
  const changes: Surge[] = []
  const startedMs = performance.now()
  for (let hour = 0; hour < SERIES_HOURS; hour++) {
    for (const number of numbers) {
      const counts = distinct[number % distinct.length]![hour]!
      judgeHour(table, number, FIRST_HOUR + hour, counts, thresholds, changes)
    }
  }
  const seconds = (performance.now() - startedMs) / 1000
  const seriesHours = seriesCount * SERIES_HOURS
  return { seriesHours, seconds, nsPerSeriesHour: Math.round((seconds * 1e9) / seriesHours) }
}
