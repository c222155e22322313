// grafana/promql-anomaly-detection (Apache-2.0), its two rules translated to hours: an hour's five-minute samples are taken
// as equal, with the deviation that chance gives them. Thresholds scale the rules' factor 2.
import type { HourlySeries } from '../series.ts'
import { type Baseline, hoursOver } from './baseline.ts'
import { quantileOf, remembered } from './statistics.ts'

const SAMPLES = 12
const DAY = 24
const WEEK = 7 * DAY
const DEVIATION_HOURS = 26
const MARGIN = 1.5

/** The adaptive rule, on packets: a sample against the last hour's mean and 26 hours' mean of hourly deviations. */
export const GRAFANA_ADAPTIVE: Baseline = {
  name: 'grafana adaptive',
  channel: 'P',
  usualThreshold: 2,
  alarms: (series, threshold) => hoursOver(adaptive(series), threshold)
}

/** The robust rule, on packets: an hour's median against a day's, in median absolute deviations. */
export const GRAFANA_ROBUST: Baseline = {
  name: 'grafana robust',
  channel: 'P',
  usualThreshold: 2,
  alarms: (series, threshold) => hoursOver(robust(series), threshold)
}

const adaptive = remembered((series) => {
  const samples = series.packets.map((packets) => packets / SAMPLES)
  return samples.map((sample, hour) => {
    if (hour < WEEK || series.isGap[hour] === 1 || !isOverBands(series, hour)) return 0
    let deviations = 0
    for (let back = 1; back <= DEVIATION_HOURS; back++) deviations += Math.sqrt(samples[hour - back]!)
    const mean = ((SAMPLES - 1) * samples[hour - 1]! + sample) / SAMPLES
    return (sample - mean) / Math.max(0.1, deviations / DEVIATION_HOURS)
  })
})

const robust = remembered((series) =>
  series.packets.map((packets, hour) => {
    if (hour < WEEK || series.isGap[hour] === 1 || !isOverBands(series, hour)) return 0
    const day = series.packets.subarray(hour - DAY, hour)
    const median = quantileOf(day, 0.5)
    const deviation = quantileOf(
      day.map((each) => Math.abs(each - median)),
      0.5
    )
    return (packets - median) / Math.max(1, deviation)
  })
)

/** Both rules keep quiet below the bands of a day and a week ago. */
function isOverBands({ packets }: HourlySeries, hour: number): boolean {
  return packets[hour]! > MARGIN * Math.max(packets[hour - DAY]!, packets[hour - WEEK]!)
}
