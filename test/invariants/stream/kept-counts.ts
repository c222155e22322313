// All that a store answers about its counts, for comparison with another one.
import type { CountStore, SensorTotals } from '../../../core/store/count-store.ts'

/** Every count of every window, its sources, and the ledger. */
export interface KeptCounts {
  /** By window, vantage and series. */
  readonly packets: Readonly<Record<string, number>>
  readonly sources: Readonly<Record<string, number>>
  readonly sensors: readonly SensorTotals[]
  readonly gaps: readonly unknown[]
  readonly lostRecords: readonly unknown[]
}

/** Reads the whole store: for a few windows only. */
export async function keptCounts(store: CountStore): Promise<KeptCounts> {
  const packets: Record<string, number> = {}
  const sources: Record<string, number> = {}
  for (const vantage of await store.vantages()) {
    for (const size of ['minute', 'hour', 'day'] as const) {
      for (const startSeconds of await store.windows(size, 'UTC', vantage)) {
        const window = { size, zone: 'UTC', startSeconds, vantage }
        const counts = await store.packets(window)
        const where = `${size} ${startSeconds} ${vantage}`
        for (const [series, count] of counts) packets[`${where} ${series}`] = count
        if (size === 'minute') continue
        for (const [series, count] of await store.sources(window, [...counts.keys()])) {
          sources[`${where} ${series}`] = count
        }
      }
    }
  }
  const { sensors, gaps, lostRecords } = await store.ledger()
  return { packets, sources, sensors, gaps, lostRecords }
}

/** Packets of vantage `all` by port, over all days. */
export function packetsByPort({ packets }: KeptCounts): Map<string, number> {
  const sums = new Map<string, number>()
  for (const [key, count] of Object.entries(packets)) {
    const series = /^day \d+ all (port=[^,]+)$/.exec(key)?.[1]
    if (series !== undefined) sums.set(series, (sums.get(series) ?? 0) + count)
  }
  return sums
}
