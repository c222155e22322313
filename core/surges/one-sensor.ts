// Whether one sensor carries a rise alone.
import { excessEvidence } from './evidence.ts'
import * as at from './layout.ts'

const COUNTS = 4096
/** The sensor that rises need not be the one that usually is the busiest: half of that one's share is taken. */
const SHARE_OF_BUSIEST = 0.5
const REST_EVIDENCE = 3

/** A sensor's number (modulo 4096) and its count (at most 4095) in one number that a 32-bit float holds exactly. */
export function packBusiest(sensor: number, count: number): number {
  return (sensor % COUNTS) * COUNTS + Math.min(COUNTS - 1, count)
}

const sensors = new Uint16Array(at.RING_HOURS)
const sums = new Float64Array(at.RING_HOURS)

/** True where the counts of a window, less those of the sensor that was busiest in most of it, are no rise. */
export function isCarriedByOneSensor(
  rows: Float32Array,
  row: number,
  hour: number,
  windowHours: number,
  rate: number,
  variance: number
): boolean {
  let known = 0
  let total = 0
  let exposure = 0
  let most = 0
  for (let back = 0; back < Math.min(windowHours, at.RING_HOURS); back++) {
    const slot = (hour - back) % at.RING_HOURS
    total += rows[row + at.HOUR_COUNTS + slot]!
    exposure += rows[row + at.HOUR_EXPOSURES + slot]!
    const packed = rows[row + at.HOUR_BUSIEST + slot]!
    const count = packed % COUNTS
    if (count === 0) continue
    const sensor = (packed - count) / COUNTS
    let place = 0
    while (place < known && sensors[place] !== sensor) place++
    if (place === known) {
      sensors[known] = sensor
      sums[known++] = 0
    }
    sums[place]! += count
    if (sums[place]! > most) most = sums[place]!
  }
  if (most === 0) return false
  const rest = 1 - SHARE_OF_BUSIEST * usualShare(rows, row)
  return excessEvidence(total - most, rest * rate * exposure, variance) < REST_EVIDENCE
}

/** The busiest sensor's share of a usual hour, less what chance adds to a largest of some: about a deviation. */
function usualShare(rows: Float32Array, row: number): number {
  const busiest = (Math.sqrt(1 + 4 * rows[row + at.BUSIEST_RATE]!) - 1) ** 2 / 4
  return Math.min(1, busiest / Math.max(rows[row + at.NEAR_RATE]!, 1e-6))
}
