// EWMA control chart (Roberts 1959): a smoothed count against the mean and deviation of the last week.
import { channelM, type HourlySeries } from '../series.ts'
import { type Baseline, hoursOver } from './baseline.ts'

const LAMBDA = 0.3
const WEEK_HOURS = 7 * 24

export const EWMA: Baseline = {
  name: 'EWMA',
  channel: 'M',
  usualThreshold: 3,
  alarms: (series, threshold) => hoursOver(ewmaStatistic(series), threshold)
}

const known = new WeakMap<HourlySeries, Float64Array>()

function ewmaStatistic(series: HourlySeries): Float64Array {
  const before = known.get(series)
  if (before !== undefined) return before
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
  known.set(series, statistic)
  return statistic
}

/** Mean and standard deviation of the hours before one, gaps left out. */
export function trailing(
  counts: Float64Array,
  isGap: Uint8Array,
  hour: number,
  lengthHours: number
): { readonly mean: number; readonly deviation: number } {
  let sum = 0
  let squares = 0
  let number = 0
  for (let i = Math.max(0, hour - lengthHours); i < hour; i++) {
    if (isGap[i] === 1) continue
    sum += counts[i]!
    squares += counts[i]! * counts[i]!
    number++
  }
  if (number < 2) return { mean: Number.NaN, deviation: Number.NaN }
  const mean = sum / number
  return { mean, deviation: Math.sqrt(Math.max(0, squares / number - mean * mean)) }
}
