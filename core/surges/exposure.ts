// How much of an ordinary hour an hour is: by its place in the day and week, and by the addresses that listen.
import * as at from './layout.ts'

/** Hours after which the baseline knows the addresses that listen, to 1/e: two weeks are behind the near rate. */
const KNOWN_AFTER_HOURS = 14 * 24
/** So many hours after an outage the windows that surges are looked for in are still partly of it. */
const OUTAGE_HOURS = 8

/** The exposure of an hour; 0 where no address listened, which is a gap. */
export function exposureOf(
  rows: Float32Array,
  row: number,
  hour: number,
  darkAddresses: number | null
): number {
  const swing =
    rows[row + at.HOUR_FACTORS + (hour % 24)]! * rows[row + at.WEEKDAY_FACTORS + (Math.floor(hour / 24) % 7)]!
  if (darkAddresses === null) return swing
  if (darkAddresses <= 0) return 0
  if (rows[row + at.USUAL_ADDRESSES] === 0) {
    rows[row + at.USUAL_ADDRESSES] = darkAddresses
    rows[row + at.KNOWN_ADDRESSES] = Math.log(darkAddresses)
  }
  doubtAddresses(rows, row, Math.log(darkAddresses))
  return (swing * darkAddresses) / rows[row + at.USUAL_ADDRESSES]!
}

/**
 * A sensor that comes or goes need not have had its addresses' share of what arrives: the more the addresses differ from those
 * that the baseline knows, the more doubt. When a silent sensor is back, they differ no more.
 */
function doubtAddresses(rows: Float32Array, row: number, logAddresses: number): void {
  const difference = logAddresses - rows[row + at.KNOWN_ADDRESSES]!
  const square = difference * difference
  rows[row + at.KNOWN_ADDRESSES]! += difference / KNOWN_AFTER_HOURS
  const faded = rows[row + at.ADDRESS_DOUBT]! * (1 - 1 / OUTAGE_HOURS)
  rows[row + at.ADDRESS_DOUBT] = Math.max(square, faded + square / OUTAGE_HOURS)
}
