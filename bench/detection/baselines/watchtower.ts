// CAIDA's watchtower-sentry, its quantile rule by its description only (its code is for academic use, and no line of it is
// here): the ratio to a moving quantile of a week, which extremes do not enter.
import { channelM } from '../series.ts'
import { type Baseline, hoursOver } from './baseline.ts'
import { quantileOf, remembered } from './statistics.ts'

const WEEK = 7 * 24
const QUANTILE = 0.5
const LEAST_PREDICTION = 20
/** The prediction is made anew so often. */
const STEP_HOURS = 6
/** From this ratio on a count is replaced by its prediction in the history. */
const EXTREME = 3

/** The rule, on unique sources with the busiest sensor cut. */
export const WATCHTOWER: Baseline = {
  name: 'watchtower-sentry quantile',
  channel: 'M',
  usualThreshold: 1.25,
  alarms: (series, threshold) => hoursOver(statisticOf(series), threshold)
}

const statisticOf = remembered((series) => {
  const counts = channelM(series)
  const history = counts.slice()
  let prediction = LEAST_PREDICTION
  return counts.map((count, hour) => {
    if (hour < WEEK || series.isGap[hour] === 1) return 0
    if (hour % STEP_HOURS === 0) {
      prediction = Math.max(LEAST_PREDICTION, quantileOf(history.subarray(hour - WEEK, hour), QUANTILE))
    }
    if (count > EXTREME * prediction) history[hour] = prediction
    return count / prediction
  })
})
