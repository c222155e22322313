// The life of a surge: opened, held apart from the baseline, closed when it is over or has become what is usual.
import { findRates, sumRecentDays } from './baseline.ts'
import { clumping, hourlyDispersion, ringDay } from './dispersion.ts'
import { forgetDriftLevel } from './drift.ts'
import * as at from './layout.ts'
import { findSlowOnset, findSuddenOnset, onset, refineSlowStep } from './onset.ts'
import { finding } from './finding.ts'
import { clippedCount } from './scan.ts'
import type { Surge, SurgeEnd } from './surge.ts'
import { forgetLevel } from './wander.ts'

const KIND_NUMBERS = { spike: 1, step: 2, trend: 3 } as const
const KINDS = ['spike', 'step', 'trend'] as const
/** Longer than this is no spike. */
const SPIKE_HOURS = 24
/** Windows of more hours may be of a rise that is older than the hours that are kept. */
const SUDDEN_WINDOW_HOURS = 48
/** A surge that lasted so long is what is usual. */
const USUAL_AFTER_HOURS = 28 * 24
const END_EVIDENCE = 5
const LEAST_RATIO = 1.3
const TREND_RATIO_HOURS = 72
/** So long after its detection a surge's onset is looked for again: then more is known. */
const LOOK_AGAIN_HOURS = [24, 96] as const
/** What was called a step is a trend where that fits so much better (chi-squared). */
const CLEAR_PREFERENCE = 8

/** Opens a surge from what the scan found in `hour`. */
export function openSurge(rows: Float32Array, row: number, hour: number, score: number): void {
  const isSlow = finding.isOfDays || finding.windowHours > SUDDEN_WINDOW_HOURS
  if (isSlow) findSlowOnset(rows, row, hour)
  const isTrend = isSlow && onset.kind === 'trend'
  if (!isTrend && (!isSlow || hour - onset.hour < at.RING_HOURS - 24)) {
    findSuddenOnset(rows, row, hour, finding.rate, Math.max(LEAST_RATIO, finding.ratio))
  } else if (!isTrend) refineSlowStep(rows, row)
  const isShort = !isTrend && hour - onset.hour < SPIKE_HOURS
  rows[row + at.OPEN_KIND] = KIND_NUMBERS[isTrend ? 'trend' : isShort ? 'spike' : 'step']
  rows[row + at.OPEN_DETECTED] = hour + 1
  keepOnset(rows, row)
  rows[row + at.OPEN_RATE] = finding.rate
  rows[row + at.OPEN_SCORE] = score
  rows[row + at.OPEN_LOOKS] = 0
  rows[row + at.END_EVIDENCE] = 0
  rows[row + at.END_SINCE] = hour
  sumSince(rows, row, hour, rows[row + at.OPEN_ONSET]!)
}

/** Counts since the onset, as far as hours or days are kept. */
function sumSince(rows: Float32Array, row: number, hour: number, onsetHour: number): void {
  let count = 0
  let exposure = 0
  const kept = Math.min(hour - onsetHour + 1, at.RING_HOURS)
  for (let back = 0; back < kept; back++) {
    const slot = (hour - back) % at.RING_HOURS
    count += rows[row + at.HOUR_COUNTS + slot]!
    exposure += rows[row + at.HOUR_EXPOSURES + slot]!
  }
  rows[row + at.OPEN_COUNT] = count
  rows[row + at.OPEN_EXPOSURE] = exposure
}

/** What an hour with counts does to an open surge. True where the surge is told of anew: its kind changed. */
export function followSurge(
  rows: Float32Array,
  row: number,
  hour: number,
  count: number,
  exposure: number
): boolean {
  rows[row + at.OPEN_COUNT]! += count
  rows[row + at.OPEN_EXPOSURE]! += exposure
  const ratio = Math.max(LEAST_RATIO, openRatio(rows, row, hour))
  const expected = rows[row + at.OPEN_RATE]! * exposure
  const dispersion = hourlyDispersion(rows, row) + rows[row + at.WANDER]!
  const spread = clumping(rows, row) + dispersion * expected * Math.sqrt(ratio)
  const evidence = ((ratio - 1) * expected - count * Math.log(ratio)) / spread
  const before = rows[row + at.END_EVIDENCE]!
  if (before === 0) rows[row + at.END_SINCE] = hour
  rows[row + at.END_EVIDENCE] = Math.max(0, before + Math.max(-3, Math.min(3, evidence)))
  lookAgain(rows, row, hour, ratio)
  const isLong = hour - rows[row + at.OPEN_ONSET]! >= SPIKE_HOURS && rows[row + at.END_EVIDENCE] === 0
  if (!isLong || rows[row + at.OPEN_KIND] !== KIND_NUMBERS.spike) return false
  rows[row + at.OPEN_KIND] = KIND_NUMBERS.step
  return true
}

function lookAgain(rows: Float32Array, row: number, hour: number, ratio: number): void {
  const looks = rows[row + at.OPEN_LOOKS]!
  const wantedHours = LOOK_AGAIN_HOURS[looks]
  if (wantedHours === undefined || hour + 1 - rows[row + at.OPEN_DETECTED]! < wantedHours) return
  rows[row + at.OPEN_LOOKS] = looks + 1
  const isTrend = rows[row + at.OPEN_KIND] === KIND_NUMBERS.trend
  findSlowOnset(rows, row, hour)
  if (onset.preference > (isTrend ? 0 : CLEAR_PREFERENCE)) {
    if (isTrend && looks > 0) return
    rows[row + at.OPEN_KIND] = KIND_NUMBERS.trend
  } else if (!isTrend && looks === 0 && hour - rows[row + at.OPEN_ONSET]! < at.RING_HOURS - 12) {
    findSuddenOnset(rows, row, hour, rows[row + at.OPEN_RATE]!, ratio)
  } else return
  keepOnset(rows, row)
}

/** Keeps the onset that was found: it lies in its interval, and no part of that after the detection. */
function keepOnset(rows: Float32Array, row: number): void {
  const lastHour = rows[row + at.OPEN_DETECTED]! - 1
  const onsetHour = Math.min(onset.hour, lastHour)
  rows[row + at.OPEN_ONSET] = onsetHour
  rows[row + at.OPEN_ONSET_FROM] = Math.min(onset.fromHour, onsetHour)
  rows[row + at.OPEN_ONSET_TO] = Math.max(onsetHour, Math.min(onset.toHour, lastHour))
}

/** Whether the surge ends with this hour, and how. */
export function endOf(rows: Float32Array, row: number, hour: number): SurgeEnd | null {
  if (rows[row + at.END_EVIDENCE]! >= END_EVIDENCE) return 'over'
  const sinceHour =
    rows[row + at.OPEN_KIND] === KIND_NUMBERS.trend
      ? rows[row + at.OPEN_DETECTED]!
      : rows[row + at.OPEN_ONSET]!
  return hour - sinceHour >= USUAL_AFTER_HOURS ? 'became-usual' : null
}

/** Closes the surge and mends the baseline: its days are left out, or are all that is left. */
export function closeSurge(rows: Float32Array, row: number, hour: number, end: SurgeEnd): void {
  const onsetHour = rows[row + at.OPEN_ONSET]!
  const today = Math.floor(hour / 24)
  switch (end) {
    case 'over':
      leaveOut(rows, row, hour, onsetHour, rows[row + at.END_SINCE]!)
      break
    case 'became-usual':
      for (let back = 15; back < at.RING_DAYS; back++)
        rows[row + at.DAY_EXPOSURES + ringDay(today - back)] = 0
      for (let back = 15; back < at.RING_DAYS; back++) rows[row + at.DAY_COUNTS + ringDay(today - back)] = 0
      rows[row + at.OLD_COUNT] = 0
      rows[row + at.OLD_EXPOSURE] = 0
      rows[row + at.OLD_AGES] = 0
      forgetLevel(rows, row)
      forgetDriftLevel(rows, row)
      break
    default:
      end satisfies never
  }
  rows[row + at.OPEN_KIND] = 0
  rows[row + at.STEP_EVIDENCE] = 0
  findRates(rows, row, today)
  sumRecentDays(rows, row, today)
}

function leaveOut(rows: Float32Array, row: number, hour: number, fromHour: number, toHour: number): void {
  const ratio = openRatio(rows, row, hour)
  const clump = clumping(rows, row)
  for (let back = 0; back < at.RING_HOURS; back++) {
    const each = hour - back
    if (each < fromHour || each >= toHour) continue
    const slot = each % at.RING_HOURS
    if (Math.floor(each / 24) === Math.floor(hour / 24)) {
      // As it was added: while a surge is open an hour may count four times what it has then.
      const isOpen = each >= rows[row + at.OPEN_DETECTED]!
      const expected = rows[row + at.OPEN_RATE]! * rows[row + at.HOUR_EXPOSURES + slot]!
      const usual = isOpen ? expected * Math.max(1, ratio) : expected
      rows[row + at.TODAY_COUNT]! -= clippedCount(rows[row + at.HOUR_COUNTS + slot]!, usual, clump)
      rows[row + at.TODAY_EXPOSURE]! -= rows[row + at.HOUR_EXPOSURES + slot]!
    }
    rows[row + at.HOUR_COUNTS + slot] = 0
    rows[row + at.HOUR_EXPOSURES + slot] = 0
  }
  if (rows[row + at.TODAY_EXPOSURE]! < 0.5) rows[row + at.TODAY_EXPOSURE] = 0
  rows[row + at.TODAY_COUNT] =
    rows[row + at.TODAY_EXPOSURE] === 0 ? 0 : Math.max(0, rows[row + at.TODAY_COUNT]!)
  const today = Math.floor(hour / 24)
  for (let back = 1; back < at.RING_DAYS; back++) {
    const startHour = (today - back) * 24
    const overlap = Math.min(startHour + 24, toHour) - Math.max(startHour, fromHour)
    if (overlap <= 6) continue
    rows[row + at.DAY_COUNTS + ringDay(today - back)] = 0
    rows[row + at.DAY_EXPOSURES + ringDay(today - back)] = 0
  }
}

/** Rate over the baseline's: since the onset, and of a trend in the newest days. */
export function openRatio(rows: Float32Array, row: number, hour: number): number {
  const rate = rows[row + at.OPEN_RATE]!
  if (rows[row + at.OPEN_KIND] !== KIND_NUMBERS.trend) {
    return rows[row + at.OPEN_COUNT]! / (rate * Math.max(1e-6, rows[row + at.OPEN_EXPOSURE]!))
  }
  let count = 0
  let exposure = 0
  for (let back = 0; back < TREND_RATIO_HOURS; back++) {
    const slot = (hour - back) % at.RING_HOURS
    count += rows[row + at.HOUR_COUNTS + slot]!
    exposure += rows[row + at.HOUR_EXPOSURES + slot]!
  }
  return count / (rate * Math.max(1e-6, exposure))
}

/** The open surge as it is told after an hour; with an end, as it is told when it closes. */
export function describeSurge(
  rows: Float32Array,
  row: number,
  series: number,
  hour: number,
  end: SurgeEnd | null
): Surge {
  const detectedHour = rows[row + at.OPEN_DETECTED]!
  const over = end === 'over' ? Math.max(detectedHour, rows[row + at.END_SINCE]!) : hour + 1
  return {
    series,
    kind: KINDS[rows[row + at.OPEN_KIND]! - 1]!,
    onsetHour: rows[row + at.OPEN_ONSET]!,
    onsetFromHour: rows[row + at.OPEN_ONSET_FROM]!,
    onsetToHour: rows[row + at.OPEN_ONSET_TO]!,
    detectedHour,
    closedHour: end === null ? null : over,
    end,
    ratio: end === 'over' ? ratioWithoutEnd(rows, row, hour) : openRatio(rows, row, hour),
    score: rows[row + at.OPEN_SCORE]!
  }
}

/** The ratio of what was raised: the hours that showed the end are taken off again. */
function ratioWithoutEnd(rows: Float32Array, row: number, hour: number): number {
  let count = rows[row + at.OPEN_COUNT]!
  let exposure = rows[row + at.OPEN_EXPOSURE]!
  for (let back = 0; back < at.RING_HOURS && hour - back >= rows[row + at.END_SINCE]!; back++) {
    const slot = (hour - back) % at.RING_HOURS
    count -= rows[row + at.HOUR_COUNTS + slot]!
    exposure -= rows[row + at.HOUR_EXPOSURES + slot]!
  }
  return exposure < 0.1 ? openRatio(rows, row, hour) : count / (rows[row + at.OPEN_RATE]! * exposure)
}
