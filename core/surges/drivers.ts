// What drives a surge: how much of its rise each port, region, network, sensor or tag accounts for.

/** What a key of a dimension (a port, a region ...) counted before a surge, by the hour, and during it. */
export interface DriverCounts {
  readonly key: string
  readonly usualPerHour: number
  readonly surgePerHour: number
}

/** A key and its share of the rise; the last driver of a dimension may be the rest (`key` null). */
export interface Driver {
  readonly key: string | null
  /** Above 0; the shares of a dimension add up to 1. */
  readonly share: number
  /** Rate over its own usual one; null where it had none. */
  readonly ratio: number | null
}

/** No key with less of the rise is named. */
const SMALLEST_SHARE = 0.05

/**
 * The drivers of a dimension whose keys divide the counts (a source has one region), greatest share first, at most `most`
 * of them and the rest. Keys that fell drive nothing: their fall is no part of the rise that is shared out. Empty where
 * nothing rose.
 */
export function driversOf(counts: readonly DriverCounts[], most: number): Driver[] {
  const risen = counts
    .filter(({ usualPerHour, surgePerHour }) => surgePerHour > usualPerHour)
    .map((each) => ({ ...each, rise: each.surgePerHour - each.usualPerHour }))
    .sort((a, b) => b.rise - a.rise || (a.key < b.key ? -1 : 1))
  const total = risen.reduce((sum, { rise }) => sum + rise, 0)
  if (total === 0) return []
  const named = risen.filter(({ rise }, i) => i < most && rise >= SMALLEST_SHARE * total)
  const drivers: Driver[] = named.map(({ key, rise, usualPerHour, surgePerHour }) => ({
    key,
    share: rise / total,
    ratio: usualPerHour === 0 ? null : surgePerHour / usualPerHour
  }))
  const rest = risen.slice(named.length)
  if (rest.length === 0) return drivers
  const usual = rest.reduce((sum, { usualPerHour }) => sum + usualPerHour, 0)
  const surge = rest.reduce((sum, { surgePerHour }) => sum + surgePerHour, 0)
  return [
    ...drivers,
    { key: null, share: (surge - usual) / total, ratio: usual === 0 ? null : surge / usual }
  ]
}
