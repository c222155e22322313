// How far a store has counted, by the sensors that are still there.

/**
 * A sensor whose newest packet lies further behind the newest of all is retired: nothing that it still has
 * would be counted. A batch waits in the spool for 72 hours (STORMPETREL_SPOOL_AGE_HOURS as it is by default), packets
 * are at most 7 days older than their batch, and clocks may be an hour apart. Where the spool may hold more, sources of
 * a sensor that comes back after longer are counted as late; packets are counted as ever.
 */
export const RETIRED_AFTER_SECONDS = (72 + 7 * 24 + 1) * 3600

/** The least watermark, in seconds, of the sensors that are not retired; 0 where there is none. */
export function leastActiveWatermark(watermarksSeconds: readonly number[]): number {
  let newest = 0
  for (const one of watermarksSeconds) newest = Math.max(newest, one)
  let least = newest
  for (const one of watermarksSeconds) if (one >= newest - RETIRED_AFTER_SECONDS) least = Math.min(least, one)
  return least
}
