// EARS C2 (Hutwagner and others 2003): a day against the seven days that end three days before it.
import { channelM, type HourlySeries } from '../series.ts'
import { type Baseline, hoursOver } from './baseline.ts'
import { remembered } from './statistics.ts'

const DAY = 24
const BASELINE_DAYS = 7
const LAG_DAYS = 2

/** The rule, on unique sources with the busiest sensor cut. */
export const EARS_C2: Baseline = {
  name: 'EARS C2',
  channel: 'M',
  usualThreshold: 3,
  alarms: (series, threshold) => hoursOver(statisticOf(series), threshold)
}

/** Judged in the last hour of each day. */
const statisticOf = remembered((series: HourlySeries) => {
  const days = dailyCounts(series)
  const statistic = new Float64Array(series.sources.length)
  for (let day = BASELINE_DAYS + LAG_DAYS; day < days.length; day++) {
    const window = days.slice(day - LAG_DAYS - BASELINE_DAYS, day - LAG_DAYS)
    const mean = window.reduce((sum, count) => sum + count, 0) / BASELINE_DAYS
    const variance = window.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (BASELINE_DAYS - 1)
    statistic[day * DAY + DAY - 1] = (days[day]! - mean) / Math.max(Math.sqrt(variance), 0.5)
  }
  return statistic
})

/** Counts of whole days; a day's missing hours are filled with its mean. */
function dailyCounts(series: HourlySeries): number[] {
  const counts = channelM(series)
  return Array.from({ length: counts.length / DAY }, (_, day) => {
    const from = day * DAY
    const sum = counts.subarray(from, from + DAY).reduce((total, count) => total + count, 0)
    const seen = DAY - series.isGap.subarray(from, from + DAY).reduce((total, gap) => total + gap, 0)
    return seen === 0 ? 0 : (sum * DAY) / seen
  })
}
