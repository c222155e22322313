// What a peer left in the Redis that was started for it alone.
import { Redis } from 'ioredis'

const KEYS_A_CALL = 1000

/** The sum of all fields of all hashes whose key fits the pattern, such as `counts:*`. */
export async function sumOfCounts(redisUrl: string, pattern: string): Promise<number> {
  const redis = new Redis(redisUrl)
  try {
    let sum = 0
    for await (const keys of redis.scanStream({ match: pattern, count: KEYS_A_CALL })) {
      // A scan may give a key twice only while keys are added or removed; nobody writes any more.
      for (const key of keys as string[]) {
        for (const count of await redis.hvals(key)) sum += Number(count)
      }
    }
    return sum
  } finally {
    redis.disconnect()
  }
}
