// The naive sink: our own reader and decoder, and one HINCRBY a packet by ioredis, in pipelines of 1,000 commands, to a
// Redis 7 with the append-only file that the product's has (redis-alone-main.ts). What Redis takes by itself, without
// a broker and without adding up first.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../../adapters/package-root.ts'
import { startRedis } from '../../tools/stack/redis.ts'
import type { PeerResult } from './peer.ts'
import { sumOfCounts } from './redis-counts.ts'
import { resultOf, timeProgram } from './timed-program.ts'

/**
 * Counts a capture of so many packets that can be decoded, in a process of its own and a Redis of its own. The CPU is
 * that of the process, Redis's left out. Throws where a packet is missing.
 */
export async function measureRedisAlone(capture: string, packets: number): Promise<PeerResult> {
  const redis = await startRedis()
  try {
    const program = join(packageRoot(), 'dist/bench/peers/redis-alone-main.js')
    const command = [process.execPath, program, capture, redis.url]
    const run = await timeProgram({ title: 'Redis alone', command })
    const { version } = createRequire(import.meta.url)('ioredis/package.json') as { version: string }
    return resultOf(
      `Redis alone, one HINCRBY a packet, ioredis ${version}`,
      packets,
      await sumOfCounts(redis.url, 'counts:*'),
      run
    )
  } finally {
    await redis.stop()
  }
}
