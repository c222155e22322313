// One hour of one series.
import { endDay, learnHour } from './baseline.ts'
import { learnHourlyDispersion } from './dispersion.ts'
import * as at from './layout.ts'
import { clippedCount, scan, scanned } from './scan.ts'
import { isCarriedByOneSensor, packBusiest } from './one-sensor.ts'
import type { Thresholds } from './thresholds.ts'

export interface HourCounts {
  packets: number
  sources: number
  busiest: number
  busiestSensor: number
  second: number
  darkAddresses: number
  isGap: boolean
}

const WARM_HOURS = 300

export function judgeHour(rows: Float32Array, row: number, hour: number, counts: HourCounts, thresholds: Thresholds): boolean {
  passTime(rows, row, hour)
  const slot = hour % at.RING_HOURS
  rows[row + at.HOUR_COUNTS + slot] = 0
  rows[row + at.HOUR_EXPOSURES + slot] = 0
  if (counts.isGap) return false
  const exposure = rows[row + at.HOUR_FACTORS + (hour % 24)]! * rows[row + at.WEEKDAY_FACTORS + (Math.floor(hour / 24) % 7)]!
  const count = cutCount(rows, row, counts, exposure)
  rows[row + at.HOURS_SEEN]!++
  const near = rows[row + at.NEAR_RATE]!
  const expected = near * exposure
  if (counts.sources === 0 && expected > 8) return false
  rows[row + at.HOUR_COUNTS + slot] = count
  rows[row + at.HOUR_EXPOSURES + slot] = exposure
  rows[row + at.HOUR_BUSIEST + slot] = packBusiest(counts.busiestSensor, Math.min(counts.busiest, count))
  const clipped = near > 0 ? clippedCount(count, expected) : count
  rows[row + at.TODAY_COUNT]! += clipped
  rows[row + at.TODAY_EXPOSURE]! += exposure
  scan(rows, row, hour, thresholds)
  const isAlarm =
    rows[row + at.HOURS_SEEN]! >= WARM_HOURS &&
    scanned.margin >= 0 &&
    !isCarriedByOneSensor(rows, row, hour, scanned.windowHours, scanned.rate, scanned.variance)
  if (near > 0 && scanned.dayExposure > 0) {
    const level = (scanned.dayCount + 12 * near) / (scanned.dayExposure + 12)
    learnHour(rows, row, hour, clipped, level * exposure)
    learnHourlyDispersion(rows, row, count, level * exposure)
    const keep = 1 - 1 / 1440
    rows[row + at.EXCESS_COUNT]! *= keep
    rows[row + at.EXCESS_SUM]! *= keep
    if (scanned.hourEvidence > 3) {
      rows[row + at.EXCESS_COUNT]! += 1
      rows[row + at.EXCESS_SUM]! += Math.min(10, scanned.hourEvidence - 3)
    }
  }
  return isAlarm
}

function passTime(rows: Float32Array, row: number, hour: number): void {
  const last = rows[row + at.LAST_HOUR]!
  rows[row + at.LAST_HOUR] = hour
  if (last === 0) return
  for (let skipped = Math.max(last + 1, hour - at.RING_HOURS); skipped < hour; skipped++) {
    rows[row + at.HOUR_COUNTS + (skipped % at.RING_HOURS)] = 0
    rows[row + at.HOUR_EXPOSURES + (skipped % at.RING_HOURS)] = 0
  }
  const lastDay = Math.floor(last / 24)
  const day = Math.floor(hour / 24)
  if (day !== lastDay) endDay(rows, row, lastDay, day)
}

/** Sources with the busiest sensor cut: to the second busiest, or to what a busiest sensor usually has. */
function cutCount(rows: Float32Array, row: number, counts: HourCounts, exposure: number): number {
  const { sources, busiest, second } = counts
  if (busiest === 0) return sources
  const seen = rows[row + at.HOURS_SEEN]!
  const usual = rows[row + at.BUSIEST_RATE]!
  const typical = usual * exposure
  const cap = Math.max(second, Math.round(typical + Math.sqrt(typical)), 1)
  const gain = 1 / Math.min(seen + 1, 24 * 14)
  rows[row + at.BUSIEST_RATE]! += gain * (Math.min(busiest, seen < 48 ? 1e9 : 2 * typical + 2) / exposure - usual)
  return sources - Math.max(0, busiest - cap)
}
