// NAB's own detectors on its tweet counts, by this scorer: their result files lie in a checkout, with the thresholds that its
// standard profile gives them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { episodes } from './score.ts'
import { SCORED_FROM_HOUR } from './series.ts'

const HOUR_MS = 3_600_000
const QUARTER_DAYS = 91

/** One of them, from day 14 of each series on. */
export interface ShippedScore {
  readonly name: string
  readonly threshold: number
  readonly alarmsInLabels: number
  /** Outside labels, a series and quarter. */
  readonly falseAlarms: number
}

/** Scores every detector whose results a checkout of numenta/NAB holds; none where it holds none. */
export function scoreShipped(checkout: string): ShippedScore[] {
  const results = join(checkout, 'results')
  if (!existsSync(results)) return []
  const thresholds = readJson(join(checkout, 'config', 'thresholds.json')) as Record<
    string,
    { standard: { threshold: number } }
  >
  const labels = readJson(join(checkout, 'labels', 'combined_windows.json')) as Record<
    string,
    [string, string][]
  >
  return readdirSync(results)
    .filter((name) => name in thresholds && existsSync(join(results, name, 'realTweets')))
    .map((name) =>
      scoreOne(name, join(results, name, 'realTweets'), thresholds[name]!.standard.threshold, labels)
    )
}

function scoreOne(
  name: string,
  folder: string,
  threshold: number,
  labels: Readonly<Record<string, [string, string][]>>
): ShippedScore {
  let days = 0
  let inLabels = 0
  let outside = 0
  for (const file of readdirSync(folder)) {
    const rows = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1)
    const hours = rows.map((row) => Math.floor(timeOf(row) / HOUR_MS))
    const alarms = hours.filter((_, i) => Number(rows[i]!.split(',')[2]) >= threshold)
    const first = hours[0]!
    days += (hours.at(-1)! - first - SCORED_FROM_HOUR) / 24
    const windows = labels[`realTweets/${file.slice(name.length + 1)}`]!.map(
      ([from, to]) => [timeOf(from), timeOf(to)] as const
    )
    for (const hour of episodes(alarms)) {
      if (hour < first + SCORED_FROM_HOUR) continue
      if (windows.some(([from, to]) => (hour + 1) * HOUR_MS > from && hour * HOUR_MS < to)) inLabels++
      else outside++
    }
  }
  return { name, threshold, alarmsInLabels: inLabels, falseAlarms: (outside * QUARTER_DAYS) / days }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** NAB writes times of UTC with a space and no zone. */
function timeOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)
}
