// The detector: one hour of one series. A pure step: the row is all it knows, and the hour is told.
import { endDay, learnHour } from './baseline.ts'
import { cutCount } from './cut-count.ts'
import { clumping, learnVariation } from './dispersion.ts'
import { exposureOf } from './exposure.ts'
import { type HeavyHitterStep, watchPackets } from './heavy-hitter.ts'
import type { HourCounts } from './hour-counts.ts'
import * as at from './layout.ts'
import { isCarriedByOneSensor, packBusiest } from './one-sensor.ts'
import { watchStep } from './onset.ts'
import { closeSurge, describeSurge, endOf, followSurge, openRatio, openSurge } from './open-surge.ts'
import { learnOwnTail } from './own-tail.ts'
import { clippedCount, scan } from './scan.ts'
import { finding } from './finding.ts'
import { scoreAgain } from './score-again.ts'
import type { SeriesTable } from './series-table.ts'
import type { Surge } from './surge.ts'
import type { Thresholds } from './thresholds.ts'

/** Hours with counts before the first alarm: nearly two weeks. */
const LEARNING_HOURS = 300
/** A series that should have so much more than nothing has not fallen silent: something is broken, and it is a gap. */
const BELIEVED_SILENCE = 8

/**
 * Judges one hour of a series and learns from it. Hours come in order, each once; those left out are gaps, as is one
 * whose counts are null. What changed of its surges is pushed to `changes`: one that opened, whose kind changed, or that
 * closed.
 */
export function judgeHour(
  table: SeriesTable,
  series: number,
  hour: number,
  counts: HourCounts | null,
  thresholds: Thresholds,
  changes: Surge[]
): void {
  const rows = table.rows
  const row = series * at.ROW_LENGTH
  passTime(rows, row, hour)
  const slot = hour % at.RING_HOURS
  rows[row + at.HOUR_COUNTS + slot] = 0
  rows[row + at.HOUR_EXPOSURES + slot] = 0
  rows[row + at.HOUR_BUSIEST + slot] = 0
  const exposure = counts === null ? 0 : exposureOf(rows, row, hour, counts.darkAddresses)
  if (counts === null || exposure === 0) return
  const judged = counts.sources ?? counts.packets
  const expected = rows[row + at.NEAR_RATE]! * exposure
  if (judged === 0 && counts.packets === 0 && expected > BELIEVED_SILENCE) return
  rows[row + at.HOURS_SEEN]!++
  const count = cutCount(rows, row, judged, counts.busiest, exposure)
  rows[row + at.HOUR_COUNTS + slot] = count
  rows[row + at.HOUR_EXPOSURES + slot] = exposure
  if (counts.busiest !== null) {
    rows[row + at.HOUR_BUSIEST + slot] = packBusiest(
      counts.busiest.sensor,
      Math.min(counts.busiest.count, count)
    )
  }
  const isWarm = rows[row + at.HOURS_SEEN]! >= LEARNING_HOURS
  if (counts.sources !== null) {
    const step = watchPackets(rows, row, hour, counts.packets, judged, expected, isWarm)
    if (step !== 'none') changes.push(describeHeavyHitter(rows, row, series, step))
    if (step === 'closed') rows[row + at.HEAVY_DETECTED] = 0
  }
  judgeCount(rows, row, series, hour, count, exposure, isWarm, thresholds, changes)
}

function judgeCount(
  rows: Float32Array,
  row: number,
  series: number,
  hour: number,
  count: number,
  exposure: number,
  isWarm: boolean,
  thresholds: Thresholds,
  changes: Surge[]
): void {
  const near = rows[row + at.NEAR_RATE]!
  const isOpen = rows[row + at.OPEN_KIND] !== 0
  const usual = near * exposure * (isOpen ? Math.max(1, openRatio(rows, row, hour)) : 1)
  const clipped = near > 0 ? clippedCount(count, usual, clumping(rows, row)) : count
  rows[row + at.TODAY_COUNT]! += clipped
  rows[row + at.TODAY_EXPOSURE]! += exposure
  if (isOpen) {
    if (followSurge(rows, row, hour, count, exposure))
      changes.push(describeSurge(rows, row, series, hour, null))
    const end = endOf(rows, row, hour)
    if (end === null) {
      scoreAgain(rows, row, hour, thresholds)
      return
    }
    changes.push(describeSurge(rows, row, series, hour, end))
    closeSurge(rows, row, hour, end)
    return
  }
  if (near === 0) return
  watchStep(rows, row, hour)
  scan(rows, row, hour, thresholds)
  learnFrom(rows, row, hour, count, clipped, exposure, isWarm)
  if (!isWarm || finding.margin < 0) return
  if (isCarriedByOneSensor(rows, row, hour, finding.windowHours, finding.rate, finding.variance)) return
  openSurge(rows, row, hour, thresholds.falseAlarms * Math.exp(-finding.margin))
  changes.push(describeSurge(rows, row, series, hour, null))
}

function learnFrom(
  rows: Float32Array,
  row: number,
  hour: number,
  count: number,
  clipped: number,
  exposure: number,
  isWarm: boolean
): void {
  // The level of the last day, with half a day of the baseline's: the swing is learnt against what is around it.
  const level = (finding.dayCount + 12 * rows[row + at.NEAR_RATE]!) / (finding.dayExposure + 12)
  learnHour(rows, row, hour, clipped, level * exposure)
  learnVariation(rows, row, count, level * exposure, isWarm && finding.margin >= 0)
  learnOwnTail(rows, row)
}

function describeHeavyHitter(
  rows: Float32Array,
  row: number,
  series: number,
  step: Exclude<HeavyHitterStep, 'none'>
): Surge {
  const onsetHour = rows[row + at.HEAVY_ONSET]!
  return {
    series,
    kind: 'heavy-hitter',
    onsetHour,
    onsetFromHour: onsetHour,
    onsetToHour: onsetHour,
    detectedHour: rows[row + at.HEAVY_DETECTED]!,
    closedHour: step === 'closed' ? rows[row + at.HEAVY_LAST]! + 1 : null,
    end: step === 'closed' ? 'over' : null,
    ratio: rows[row + at.HEAVY_RATIO]!,
    score: null
  }
}

/**
 * What is open of a series, as it is told after the hour that was judged last: for the end of a file, and for a service
 * that starts again.
 */
export function openSurges(table: SeriesTable, series: number): Surge[] {
  const rows = table.rows
  const row = series * at.ROW_LENGTH
  const open: Surge[] = []
  if (rows[row + at.OPEN_KIND] !== 0)
    open.push(describeSurge(rows, row, series, rows[row + at.LAST_HOUR]!, null))
  if (rows[row + at.HEAVY_DETECTED] !== 0) {
    open.push({ ...describeHeavyHitter(rows, row, series, 'opened') })
  }
  return open
}

/** Hours and days that nobody told of are gaps. */
function passTime(rows: Float32Array, row: number, hour: number): void {
  const last = rows[row + at.LAST_HOUR]!
  rows[row + at.LAST_HOUR] = hour
  if (last === 0) return
  for (let skipped = Math.max(last + 1, hour - at.RING_HOURS); skipped < hour; skipped++) {
    rows[row + at.HOUR_COUNTS + (skipped % at.RING_HOURS)] = 0
    rows[row + at.HOUR_EXPOSURES + (skipped % at.RING_HOURS)] = 0
    rows[row + at.HOUR_BUSIEST + (skipped % at.RING_HOURS)] = 0
  }
  const lastDay = Math.floor(last / 24)
  const day = Math.floor(hour / 24)
  if (day !== lastDay) endDay(rows, row, lastDay, day)
}
