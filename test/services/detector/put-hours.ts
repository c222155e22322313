// A live store that holds hours of chosen packets and sources.
import { MemoryStore } from '../../../adapters/memory-store.ts'
import type { SeriesCount } from '../../../core/counts/exported-window.ts'
import { DEFAULT_RETENTION } from '../../../core/store/retention.ts'

export const HOUR = 3600
export const START = 460_000 * HOUR

/** Hours 0, 1, 2 ... behind START, as they are given; null is a gap. The clock stands behind the last. */
export async function storeOfHours(
  hours: readonly (Readonly<Record<string, number>> | null)[]
): Promise<MemoryStore> {
  const nowSeconds = START + (hours.length + 3) * HOUR
  const store = new MemoryStore({ retention: DEFAULT_RETENTION, nowSeconds: () => nowSeconds })
  await store.start()
  for (const [hour, sources] of hours.entries()) {
    if (sources === null) continue
    const window = { size: 'hour', zone: 'UTC', startSeconds: START + hour * HOUR, vantage: 'all' } as const
    const counts = Object.entries(sources).map(
      ([series, count]): SeriesCount => ({ series, packets: 2 * count, sources: count })
    )
    if ((await store.putWindow({ window, counts })) !== 'kept') throw new Error(`hour ${hour} was not kept`)
  }
  return store
}
