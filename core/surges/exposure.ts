// How much of an ordinary hour an hour is: by its place in the day and week, and by the addresses that listen.
import * as at from './layout.ts'

/** Doubt about a new sensor's share fades to 1/e in a week: by then the baseline has begun to know it. */
const DOUBT_KEPT = 1 - 1 / (7 * 24)

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
    rows[row + at.LAST_ADDRESSES] = darkAddresses
  }
  // A sensor that comes or goes need not have had its addresses' share of what arrives.
  const change = Math.log(darkAddresses / rows[row + at.LAST_ADDRESSES]!)
  rows[row + at.LAST_ADDRESSES] = darkAddresses
  rows[row + at.ADDRESS_DOUBT] = DOUBT_KEPT * rows[row + at.ADDRESS_DOUBT]! + change * change
  return (swing * darkAddresses) / rows[row + at.USUAL_ADDRESSES]!
}
