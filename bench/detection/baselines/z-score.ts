// What everybody writes first in PromQL: (x - avg_over_time(x[7d])) / stddev_over_time(x[7d]) > 3.
import { channelM } from '../series.ts'
import { type Baseline, hoursOver } from './baseline.ts'
import { remembered, trailing } from './statistics.ts'

const WEEK_HOURS = 7 * 24

/** The rule, on unique sources with the busiest sensor cut. */
export const Z_SCORE: Baseline = {
  name: 'mean + 3 sigma (PromQL, 7 d)',
  channel: 'M',
  usualThreshold: 3,
  alarms: (series, threshold) => hoursOver(statisticOf(series), threshold)
}

const statisticOf = remembered((series) => {
  const counts = channelM(series)
  return counts.map((count, hour) => {
    const { mean, deviation } = trailing(counts, series.isGap, hour, WEEK_HOURS)
    return series.isGap[hour] === 1 || Number.isNaN(mean) ? 0 : (count - mean) / Math.max(deviation, 0.5)
  })
})
