// EWMA control chart (Roberts 1959): a smoothed count against the mean and deviation of the last week.
import { channelM, type HourlySeries } from '../series.ts'
import { type Baseline, hoursOver } from './baseline.ts'
import { remembered, trailing } from './statistics.ts'

const LAMBDA = 0.3
const WEEK_HOURS = 7 * 24

/** The rule, on unique sources with the busiest sensor cut. */
export const EWMA: Baseline = {
  name: 'EWMA',
  channel: 'M',
  usualThreshold: 3,
  alarms: (series, threshold) => hoursOver(statisticOf(series), threshold)
}

const statisticOf = remembered((series: HourlySeries) => {
  const counts = channelM(series)
  const statistic = new Float64Array(counts.length)
  const scale = Math.sqrt(LAMBDA / (2 - LAMBDA))
  let smoothed = Number.NaN
  for (let hour = 0; hour < counts.length; hour++) {
    const { mean, deviation } = trailing(counts, series.isGap, hour, WEEK_HOURS)
    if (Number.isNaN(smoothed)) smoothed = mean
    if (series.isGap[hour] === 1 || Number.isNaN(mean)) continue
    smoothed = LAMBDA * counts[hour]! + (1 - LAMBDA) * smoothed
    statistic[hour] = (smoothed - mean) / (scale * Math.max(deviation, 0.5))
  }
  return statistic
})
