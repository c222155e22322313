// No sensor carries a series alone: the busiest one of an hour is cut.
import type { BusiestSensor } from './hour-counts.ts'
import * as at from './layout.ts'

const MEMORY_HOURS = 14 * 24
const FIRST_HOURS = 48

/**
 * The count of an hour with its busiest sensor cut to the second busiest, or to what a busiest sensor usually has and one
 * deviation more, whichever is greater: a series of few sources would otherwise lose most of them.
 */
export function cutCount(
  rows: Float32Array,
  row: number,
  count: number,
  busiest: BusiestSensor | null,
  exposure: number
): number {
  if (busiest === null || busiest.count === 0) return count
  const seen = rows[row + at.HOURS_SEEN]!
  const usual = rows[row + at.BUSIEST_RATE]! * exposure
  const cap = Math.max(busiest.secondCount, Math.round(usual + Math.sqrt(usual)), 1)
  const learnt = seen < FIRST_HOURS ? busiest.count : Math.min(busiest.count, 2 * usual + 2)
  const gain = 1 / Math.min(seen, MEMORY_HOURS)
  rows[row + at.BUSIEST_RATE]! += gain * (learnt / exposure - rows[row + at.BUSIEST_RATE]!)
  return count - Math.max(0, busiest.count - cap)
}
