// What a baseline detector is to the evaluation: a rule with one threshold, which is set to a rate of false alarms.
import { type HourlySeries, SCORED_FROM_HOUR } from '../series.ts'
import { falseAlarmRate } from '../score.ts'

/** A rule as its users would write it. */
export interface Baseline {
  readonly name: string
  /** What it reads: sources with the busiest sensor cut (M), or packets (P). */
  readonly channel: 'M' | 'P'
  /** The threshold that its documents give. */
  readonly usualThreshold: number
  /** The hours that alarm, in order. */
  readonly alarms: (series: HourlySeries, threshold: number) => number[]
}

/** The threshold at which null series give the wanted false alarms a series and quarter, by bisection. */
export function calibrate(baseline: Baseline, nulls: readonly HourlySeries[], falseAlarms: number): number {
  const rateAt = (threshold: number) =>
    falseAlarmRate(nulls.map((series) => baseline.alarms(series, threshold)))
  let low = 0
  let high = baseline.usualThreshold
  while (rateAt(high) > falseAlarms) high *= 2
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2
    if (rateAt(middle) > falseAlarms) low = middle
    else high = middle
  }
  return high
}

/** The hours at which a statistic is over a threshold. */
export function hoursOver(statistic: Float64Array, threshold: number): number[] {
  const hours: number[] = []
  for (let hour = SCORED_FROM_HOUR >> 1; hour < statistic.length; hour++) {
    if (statistic[hour]! > threshold) hours.push(hour)
  }
  return hours
}
