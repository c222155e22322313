// Redis loses what it had acknowledged: as after a torn append-only file, a restored backup, a wrong command.
import { closeSync, openSync, readdirSync, readSync, statSync, truncateSync } from 'node:fs'
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
/** How much of the file's end is searched for the last step that counted. */
const TAIL_BYTES = 8 * 1024 * 1024
const STEP_BEGINS = '*1\r\n$5\r\nMULTI\r\n'

/**
 * Cuts the newest append-only file: 1 to 300,000 bytes, small cuts as often as large ones, or as often exactly the last
 * step that counted packets and what came after it, which only the offsets of that step's slot can tell.
 */
export async function cutAppendOnlyFile(redis: Redis, random: Random): Promise<Done> {
  const bytes = Math.floor(MOST_BYTES_CUT ** random.fraction())
  const isAimed = random.isChance(0.5)
  return await restartWith(redis, (file, size) => {
    const aimed = isAimed ? lastCountingStep(file, size) : null
    return aimed ?? Math.max(0, size - bytes)
  })
}

/** Where the last transaction that changed counts begins; null where the file's end has none. */
function lastCountingStep(file: string, size: number): number | null {
  const from = Math.max(0, size - TAIL_BYTES)
  const tail = Buffer.alloc(size - from)
  const handle = openSync(file, 'r')
  try {
    readSync(handle, tail, 0, tail.length, from)
  } finally {
    closeSync(handle)
  }
  const counts = tail.lastIndexOf('}:counts|')
  const begins = counts < 0 ? -1 : tail.lastIndexOf(STEP_BEGINS, counts)
  return begins < 0 ? null : from + begins
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

async function restartWith(redis: Redis, keptOf: (file: string, size: number) => number): Promise<Done> {
  const [pid] = redis.pids
  await redis.kill9()
  const file = newestFile(redis)
  const { size } = statSync(file)
  const kept = Math.min(size, keptOf(file, size))
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
