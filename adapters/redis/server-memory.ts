// How much memory a Redis has taken, and may take.
import type { Redis } from 'ioredis'
import type { StoreMemory } from '../../core/store/count-store.ts'
import { isRefusal } from './server-rules.ts'

/** Asks by INFO; null where this user may not ask, or the server does not say. */
export async function readServerMemory(redis: Redis): Promise<StoreMemory | null> {
  try {
    return memoryOf(await redis.info('memory'))
  } catch (error) {
    if (isRefusal(error)) return null
    throw error
  }
}

/**
 * What INFO says. Buffers for replicas and for the append-only file do not count against maxmemory. Without maxmemory
 * the machine's own memory is the limit.
 */
export function memoryOf(info: string): StoreMemory | null {
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  const maxBytes = field('maxmemory') || field('total_system_memory')
  const usedBytes = field('used_memory')
  if (maxBytes === 0 || usedBytes === 0) return null
  return { usedBytes: usedBytes - field('mem_not_counted_for_evict'), maxBytes }
}

/** The one that is nearest to its limit; null where any of them does not tell, since that may be the one. */
export function fullestOf(all: readonly (StoreMemory | null)[]): StoreMemory | null {
  const known = all.filter((one) => one !== null)
  if (known.length < all.length || known.length === 0) return null
  return known.reduce((fullest, one) => (usedShare(one) > usedShare(fullest) ? one : fullest))
}

function usedShare({ usedBytes, maxBytes }: StoreMemory): number {
  return usedBytes / maxBytes
}
