// Poisson CUSUM (Page 1954; Lucas 1985) for a doubling of the mean of the two weeks before yesterday, reset after an alarm.
import { channelM, type HourlySeries } from '../series.ts'
import type { Baseline } from './baseline.ts'
import { remembered, trailing } from './statistics.ts'

const RATIO = 2
const BASELINE_HOURS = 14 * 24
const LAG_HOURS = 24
/** Hours before the first alarm. */
const LEARNING_HOURS = 7 * 24

/** The rule, on unique sources with the busiest sensor cut. */
export const POISSON_CUSUM: Baseline = {
  name: 'Poisson CUSUM',
  channel: 'M',
  usualThreshold: 5,
  alarms
}

const meansOf = remembered((series) => {
  const counts = channelM(series)
  return counts.map(
    (_, hour) => trailing(counts, series.isGap, Math.max(0, hour - LAG_HOURS), BASELINE_HOURS).mean
  )
})
const countsOf = remembered(channelM)

function alarms(series: HourlySeries, threshold: number): number[] {
  const counts = countsOf(series)
  const means = meansOf(series)
  const hours: number[] = []
  let sum = 0
  for (let hour = LEARNING_HOURS; hour < counts.length; hour++) {
    if (series.isGap[hour] === 1) continue
    sum = Math.max(0, sum + counts[hour]! * Math.log(RATIO) - (RATIO - 1) * Math.max(0.01, means[hour]!))
    if (sum <= threshold) continue
    hours.push(hour)
    sum = 0
  }
  return hours
}
