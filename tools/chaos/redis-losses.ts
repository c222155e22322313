// Redis loses what it had acknowledged: as after a torn append-only file, a restored backup, a wrong command.
import { readdirSync, statSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis as RedisClient } from 'ioredis'
import type { Redis } from '../stack/redis.ts'
import { isGone } from './process-state.ts'
import type { Random } from './random.ts'

/** What was done, and whether it was seen. */
export interface Done {
  readonly detail: string
  readonly isConfirmed: boolean
}

const MOST_BYTES_CUT = 300_000

/** Cuts 1 to 300,000 bytes off the newest append-only file, small cuts as often as large ones. */
export async function cutAppendOnlyFile(redis: Redis, random: Random): Promise<Done> {
  const bytes = Math.floor(MOST_BYTES_CUT ** random.fraction())
  return await restartWith(redis, (size) => Math.max(0, size - bytes))
}

/** Restores the append-only file as it was some seconds ago. */
export async function restoreOldFile(redis: Redis, random: Random): Promise<Done> {
  const { size } = statSync(newestFile(redis))
  await delay(random.between(2000, 8000))
  return await restartWith(redis, () => size)
}

/** Forgets everything. */
export async function flushAll(redis: Redis): Promise<Done> {
  const client = new RedisClient(redis.url)
  try {
    const keys = await client.dbsize()
    const answer = await client.flushall()
    return { detail: `${keys} keys`, isConfirmed: answer === 'OK' && keys > 0 }
  } finally {
    client.disconnect()
  }
}

async function restartWith(redis: Redis, sizeOf: (size: number) => number): Promise<Done> {
  const [pid] = redis.pids
  await redis.kill9()
  const file = newestFile(redis)
  const { size } = statSync(file)
  const kept = Math.min(size, sizeOf(size))
  truncateSync(file, kept)
  const isCut = statSync(file).size === kept && kept < size
  await redis.start()
  return { detail: `${size - kept} of ${size} bytes`, isConfirmed: pid !== undefined && isGone(pid) && isCut }
}

function newestFile(redis: Redis): string {
  const folder = path.join(redis.folder, 'appendonlydir')
  const files = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'))
  const newest = files.sort((a, b) => sequenceOf(b) - sequenceOf(a))[0]
  if (newest === undefined) throw new Error(`no append-only file in ${folder}`)
  return path.join(folder, newest)
}

function sequenceOf(name: string): number {
  return Number(/\.(\d+)\.incr/.exec(name)?.[1] ?? 0)
}
