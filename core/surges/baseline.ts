// What a series usually does: its rate two days and two weeks ago, and its swing by hour and weekday.
import { clumping, hourlyDispersion, ringDay } from './dispersion.ts'
import { driftSince, driftVariance, learnDrift } from './drift.ts'
import { weighWander } from './wander.ts'
import * as at from './layout.ts'
import { RING_DAYS } from './layout.ts'
import { DAY_WINDOWS } from './thresholds.ts'

/** Days before today that a rate is of. */
const NEAR_DAYS = [3, 16] as const
const FAR_DAYS = [15, 42] as const
const OLD_DAYS = [29, RING_DAYS] as const
/** How much of the days beyond the ring is left after a day. */
const OLD_KEPT = 1 - 1 / 60
/** Fewer whole days than this give no rate of the far past. */
const LEAST_FAR_EXPOSURE = 7 * 24
/** Ages of what is held against a rate, about: windows of hours and of days. */
const HOURS_AGE_DAYS = 1
const DAYS_AGE_DAYS = 5
const CLIP_DEVIATIONS = 2.5
/** What is believed of the swings beforehand, as precisions of their logs. */
const HOUR_PRECISION = 11
const WEEKDAY_PRECISION = 60
const HOUR_MEMORY_DAYS = 28
const WEEKDAY_MEMORY_WEEKS = 6
const FIRST_SWING_DAYS = 3

/** Ends a day: it enters the ring, and every rate is found anew. `day` is the one that ended, in days since 1970. */
export function endDay(rows: Float32Array, row: number, day: number, nextDay: number): void {
  const slot = ringDay(day)
  rows[row + at.OLD_COUNT] = OLD_KEPT * rows[row + at.OLD_COUNT]! + rows[row + at.DAY_COUNTS + slot]!
  rows[row + at.OLD_EXPOSURE] = OLD_KEPT * rows[row + at.OLD_EXPOSURE]! + rows[row + at.DAY_EXPOSURES + slot]!
  rows[row + at.OLD_AGES] =
    OLD_KEPT * (rows[row + at.OLD_AGES]! + rows[row + at.OLD_EXPOSURE]!) +
    at.RING_DAYS * rows[row + at.DAY_EXPOSURES + slot]!
  rows[row + at.DAY_COUNTS + slot] = rows[row + at.TODAY_COUNT]!
  rows[row + at.DAY_EXPOSURES + slot] = rows[row + at.TODAY_EXPOSURE]!
  rows[row + at.TODAY_COUNT] = 0
  rows[row + at.TODAY_EXPOSURE] = 0
  for (let skipped = Math.max(day + 1, nextDay - at.RING_DAYS); skipped < nextDay; skipped++) {
    rows[row + at.DAY_COUNTS + ringDay(skipped)] = 0
    rows[row + at.DAY_EXPOSURES + ringDay(skipped)] = 0
  }
  const daysSeen = Math.round(rows[row + at.HOURS_SEEN]! / 24)
  if (daysSeen === FIRST_SWING_DAYS) firstSwing(rows, row, day)
  if (rows[row + at.OPEN_KIND] === 0) {
    if (daysSeen > 7) learnWeekday(rows, row, day)
    learnDrift(rows, row, nextDay)
    findRates(rows, row, nextDay)
    weighWander(rows, row, nextDay, Math.min(nextDay - day, 8))
  }
  sumRecentDays(rows, row, nextDay)
}

/** Finds the rates anew from the days that are kept, each as it has drifted since. */
export function findRates(rows: Float32Array, row: number, today: number): void {
  const isYoung = rows[row + at.HOURS_SEEN]! < 6 * 24
  typicalRate(rows, row, today, isYoung ? 1 : NEAR_DAYS[0], NEAR_DAYS[1])
  const nearDays = Math.max(0, found.age - HOURS_AGE_DAYS)
  rows[row + at.NEAR_RATE] = found.rate * driftSince(rows, row, nearDays)
  rows[row + at.NEAR_SUPPORT] = found.support
  rows[row + at.NEAR_DRIFT] = driftVariance(rows, row, nearDays)
  typicalRate(rows, row, today, FAR_DAYS[0], FAR_DAYS[1])
  const hasFar = found.exposure >= LEAST_FAR_EXPOSURE
  const farDays = found.age - DAYS_AGE_DAYS
  rows[row + at.FAR_RATE] = hasFar ? found.rate * driftSince(rows, row, farDays) : 0
  rows[row + at.FAR_SUPPORT] = hasFar ? found.support : 0
  rows[row + at.FAR_DRIFT] = driftVariance(rows, row, farDays)
  typicalRate(rows, row, today, OLD_DAYS[0], OLD_DAYS[1])
  const counts = found.rate * found.exposure + rows[row + at.OLD_COUNT]!
  const exposure = found.exposure + rows[row + at.OLD_EXPOSURE]!
  const hasOld = exposure >= LEAST_FAR_EXPOSURE
  const ages = found.age * found.exposure + rows[row + at.OLD_AGES]!
  const oldDays = hasOld ? ages / exposure - DAYS_AGE_DAYS : 0
  rows[row + at.OLD_RATE] = hasOld ? (counts / exposure) * driftSince(rows, row, oldDays) : 0
  rows[row + at.OLD_SUPPORT] = counts
  rows[row + at.OLD_DRIFT] = driftVariance(rows, row, oldDays)
}

const found = { rate: 0, support: 0, exposure: 0, age: 0 }

/** A mean over days in which no day counts further out than some deviations: one surge or holiday moves it little. */
function typicalRate(rows: Float32Array, row: number, today: number, from: number, to: number): void {
  const variance = hourlyDispersion(rows, row) / 24 + rows[row + at.WANDER]!
  const clump = clumping(rows, row)
  let rate = 0
  for (let round = 0; round < 4; round++) {
    let counts = 0
    let exposures = 0
    let ages = 0
    for (let back = from; back <= to; back++) {
      const slot = ringDay(today - back)
      const exposure = rows[row + at.DAY_EXPOSURES + slot]!
      if (exposure === 0) continue
      let count = rows[row + at.DAY_COUNTS + slot]!
      if (round > 0) {
        const expected = rate * exposure
        const reach = CLIP_DEVIATIONS * Math.sqrt(clump * expected + variance * expected * expected)
        count = Math.min(expected + reach, Math.max(expected - reach, count))
      }
      counts += count
      exposures += exposure
      ages += exposure * back
    }
    found.exposure = exposures
    found.age = exposures === 0 ? 0 : ages / exposures
    found.support = counts
    rate = exposures === 0 ? 0 : Math.max(counts, 0.5) / exposures
  }
  found.rate = rate
}

/** Sums the newest whole days anew, for the windows of days. */
export function sumRecentDays(rows: Float32Array, row: number, today: number): void {
  let counts = 0
  let exposures = 0
  let back = 1
  for (let i = 0; i < DAY_WINDOWS.length; i++) {
    for (; back <= DAY_WINDOWS[i]!; back++) {
      counts += rows[row + at.DAY_COUNTS + ringDay(today - back)]!
      exposures += rows[row + at.DAY_EXPOSURES + ringDay(today - back)]!
    }
    rows[row + at.RECENT_COUNTS + i] = counts
    rows[row + at.RECENT_EXPOSURES + i] = exposures
  }
}

/** The first swing by the hour, from the first whole days, drawn towards none where counts are few. */
function firstSwing(rows: Float32Array, row: number, day: number): void {
  const counts = new Float64Array(24)
  const exposures = new Float64Array(24)
  let sum = 0
  let exposure = 0
  for (let i = 0; i < at.RING_HOURS; i++) {
    const hour = ((day + 1) * 24 - 1 - i) % at.RING_HOURS
    const usual = rows[row + at.HOUR_EXPOSURES + hour]!
    if (usual === 0) continue
    counts[hour % 24]! += rows[row + at.HOUR_COUNTS + hour]!
    exposures[hour % 24]! += usual
    sum += rows[row + at.HOUR_COUNTS + hour]!
    exposure += usual
  }
  if (sum === 0) return
  const dispersion = hourlyDispersion(rows, row)
  const raw = Array.from(counts, (count, hour) => {
    const expected = (sum / exposure) * exposures[hour]!
    const information = expected / (1 + (dispersion * expected) / 3)
    return 1 + ((count / Math.max(expected, 1e-9) - 1) * information) / (information + HOUR_PRECISION)
  })
  for (let hour = 0; hour < 24; hour++) {
    const smooth = 0.5 * raw[hour]! + 0.25 * (raw[(hour + 23) % 24]! + raw[(hour + 1) % 24]!)
    rows[row + at.HOUR_FACTORS + hour] = Math.max(0.05, smooth)
  }
}

/** Learns the swing from an hour, against the level of the day around it: a lasting rise is no swing. */
export function learnHour(
  rows: Float32Array,
  row: number,
  hour: number,
  count: number,
  expected: number
): void {
  const days = rows[row + at.HOURS_SEEN]! / 24
  if (days < FIRST_SWING_DAYS || expected <= 0) return
  const information = expected / (clumping(rows, row) + hourlyDispersion(rows, row) * expected)
  const gain = information / (HOUR_PRECISION + Math.min(days, HOUR_MEMORY_DAYS) * information)
  // Of few counts one alone is many times what is expected: cut, they would seem to fall day by day.
  const reach = Math.max(2, 3 / Math.sqrt(information))
  const surprise = Math.max(-1, Math.min(reach, count / expected - 1))
  rows[row + at.HOUR_FACTORS + (hour % 24)]! *= Math.exp(gain * surprise)
}

/** Learns a weekday's factor from the day that ended, against the week that ended with it. */
function learnWeekday(rows: Float32Array, row: number, day: number): void {
  let counts = 0
  let exposures = 0
  for (let back = 0; back < 7; back++) {
    counts += rows[row + at.DAY_COUNTS + ringDay(day - back)]!
    exposures += rows[row + at.DAY_EXPOSURES + ringDay(day - back)]!
  }
  const slot = ringDay(day)
  const exposure = rows[row + at.DAY_EXPOSURES + slot]!
  if (exposure < 12 || counts === 0) return
  const expected = (counts / exposures) * exposure
  const variance = 1 / expected + hourlyDispersion(rows, row) / 24 + rows[row + at.WANDER]!
  const weeks = Math.min(WEEKDAY_MEMORY_WEEKS, rows[row + at.HOURS_SEEN]! / (24 * 7))
  const gain = 1 / (WEEKDAY_PRECISION * variance + weeks)
  const surprise = Math.max(-0.5, Math.min(0.5, rows[row + at.DAY_COUNTS + slot]! / expected - 1))
  const change = Math.exp(gain * surprise)
  rows[row + at.WEEKDAY_FACTORS + (day % 7)]! *= change
  // Days that are kept were divided by the old factor.
  for (let back = 0; back < at.RING_DAYS; back += 7) {
    rows[row + at.DAY_EXPOSURES + ringDay(day - back)]! *= change
  }
}
