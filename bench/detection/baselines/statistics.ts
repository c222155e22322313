// Moving statistics that the rules share.
import type { HourlySeries } from '../series.ts'

/** A statistic of every hour of a series, found once a series. */
export function remembered(
  statistic: (series: HourlySeries) => Float64Array
): (series: HourlySeries) => Float64Array {
  const known = new WeakMap<HourlySeries, Float64Array>()
  return (series) => {
    const before = known.get(series)
    if (before !== undefined) return before
    const found = statistic(series)
    known.set(series, found)
    return found
  }
}

/** Mean and standard deviation of the hours before one, gaps left out; NaN where there are fewer than two. */
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

/** A quantile of numbers; 0 of none. */
export function quantileOf(values: Float64Array, share: number): number {
  if (values.length === 0) return 0
  const ordered = values.toSorted()
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))]!
}
