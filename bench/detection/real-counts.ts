// False alarms on real counts: NAB's tweet volumes (numenta/NAB, MIT), summed to hours. The files are not kept here: the
// folder of a checkout is given.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeHour } from '../../core/surges/judge-hour.ts'
import { SeriesTable } from '../../core/surges/series-table.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import type { Surge } from '../../core/surges/surge.ts'
import { thresholdsOf } from '../../core/surges/thresholds.ts'
import { episodes } from './score.ts'
import { SCORED_FROM_HOUR } from './series.ts'

const HOUR_MS = 3_600_000
const QUARTER_DAYS = 91

/** Alarms at the default settings. */
export interface RealCountsResult {
  readonly series: number
  /** From day 14 of each series on. */
  readonly seriesDays: number
  readonly alarmsInLabels: number
  readonly alarmsOutside: number
  /** Outside labels, a series and quarter. */
  readonly falseAlarms: number
}

/** Judges the tweet series of a checkout of numenta/NAB. */
export function judgeTweets(checkout: string): RealCountsResult {
  const folder = join(checkout, 'data', 'realTweets')
  const labels = JSON.parse(
    readFileSync(join(checkout, 'labels', 'combined_windows.json'), 'utf8')
  ) as Record<string, [string, string][]>
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'))
  let days = 0
  let inLabels = 0
  let outside = 0
  for (const file of files) {
    const counts = hourlyCounts(join(folder, file))
    const hours = [...counts.keys()]
    const first = Math.min(...hours)
    const last = Math.max(...hours)
    const windows = labels[`realTweets/${file}`]!.map(([from, to]) => [timeOf(from), timeOf(to)] as const)
    days += (last - first - SCORED_FROM_HOUR) / 24
    for (const hour of episodes(alarmHours(counts, first, last))) {
      if (hour < first + SCORED_FROM_HOUR) continue
      if (windows.some(([from, to]) => (hour + 1) * HOUR_MS > from && hour * HOUR_MS < to)) inLabels++
      else outside++
    }
  }
  return {
    series: files.length,
    seriesDays: Math.round(days),
    alarmsInLabels: inLabels,
    alarmsOutside: outside,
    falseAlarms: (outside * QUARTER_DAYS) / days
  }
}

function alarmHours(counts: ReadonlyMap<number, number>, first: number, last: number): number[] {
  const table = new SeriesTable(1)
  const number = table.add()
  const thresholds = thresholdsOf(DEFAULT_SURGE_SETTINGS)
  const changes: Surge[] = []
  for (let hour = first; hour <= last; hour++) {
    const packets = counts.get(hour)
    const told = packets === undefined ? null : { packets, sources: null, busiest: null, darkAddresses: null }
    judgeHour(table, number, hour, told, thresholds, changes)
  }
  return [...new Set(changes.map(({ detectedHour }) => detectedHour - 1))]
}

function hourlyCounts(path: string): Map<number, number> {
  const counts = new Map<number, number>()
  for (const line of readFileSync(path, 'utf8').trim().split('\n').slice(1)) {
    const [time, value] = line.split(',')
    const hour = Math.floor(timeOf(time!) / HOUR_MS)
    counts.set(hour, (counts.get(hour) ?? 0) + Number(value))
  }
  return counts
}

/** NAB writes times of UTC with a space and no zone. */
function timeOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)
}
