// Redis loses what it had acknowledged: the aggregator notices, reads again, and every count and sketch is exact.
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { Redis as RedisClient } from 'ioredis'
import type { AggregatorCounters } from '../../services/aggregator/metrics.ts'
import { type Redis, startRedis } from '../../tools/stack/redis.ts'
import { eventually } from '../shown-by/stack/eventually.ts'
import { sharedKafka, sharedRegistry } from '../stack/shared-stack.ts'
import { Stream } from './stream/stream.ts'
import { TcpProxy } from './stream/tcp-proxy.ts'

const opened: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of opened.splice(0).reverse()) await end()
})

async function ownRedis(args: readonly string[] = []): Promise<Redis> {
  const redis = await startRedis({ args: ['--appendfsync', 'always', ...args] })
  opened.push(() => redis.stop())
  return redis
}

/** A stream under load, with one tagger and one aggregator that have counted something. */
async function underLoad(redisUrl: string): Promise<{ stream: Stream; counters: AggregatorCounters }> {
  const [kafkaBrokers, registryUrl] = await Promise.all([sharedKafka(), sharedRegistry()])
  const stream = new Stream({ kafkaBrokers, registryUrl, redisUrl })
  opened.push(() => stream.close())
  await stream.open()
  stream.traffic.start()
  const [, aggregator] = await Promise.all([stream.startTagger(), stream.startAggregator()])
  await stream.untilCounted(aggregator.counters, 2000)
  return { stream, counters: aggregator.counters }
}

function appendOnlyFolder(redis: Redis): string {
  return path.join(redis.folder, 'appendonlydir')
}

function newestAppendOnlyFile(redis: Redis): string {
  const folder = appendOnlyFolder(redis)
  const files = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'))
  return files
    .map((name) => path.join(folder, name))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .at(-1)!
}

/** Bytes from the middle of the newest transaction that counts packets to the file's end. */
function insideNewestCounts(file: string): number {
  const log = readFileSync(file)
  const counts = log.lastIndexOf('HSET')
  expect(counts).toBeGreaterThan(log.lastIndexOf('MULTI', counts))
  return log.length - counts - 10
}

/** By partition, the least next offset over all slots: what is counted in full. */
async function countedOffsets(redis: RedisClient): Promise<Map<string, number>> {
  const least = new Map<string, number>()
  for (const key of await redis.keys('*:offsets')) {
    for (const [partition, offset] of Object.entries(await redis.hgetall(key))) {
      least.set(partition, Math.min(Number(offset), least.get(partition) ?? Number.POSITIVE_INFINITY))
    }
  }
  return least
}

/** Whether any partition is counted further. */
function isAhead(now: ReadonlyMap<string, number>, then: ReadonlyMap<string, number>): boolean {
  return [...now].some(([partition, offset]) => offset > (then.get(partition) ?? 0))
}

/**
 * Resolves when the master has counted two flushes in full that the replica has not: of one alone the aggregator still
 * has the batches, counts it again on the replica, and need not go back.
 */
async function untilItLags(master: RedisClient, replica: RedisClient): Promise<void> {
  for (let flushes = 0; flushes < 2; flushes++) {
    const then = await countedOffsets(flushes === 0 ? replica : master)
    await eventually(
      'the master counts what the replica does not',
      () => countedOffsets(master),
      (now) => isAhead(now, then)
    )
  }
}

test('the end of the append-only file is cut off, by a byte or by many, also within a transaction', async () => {
  const redis = await ownRedis()
  const { stream, counters } = await underLoad(redis.url)
  // The least loss is that of the newest call: without traffic, so that it was answered.
  const cuts: { bytesOf: (file: string) => number; isQuiet: boolean }[] = [
    { bytesOf: () => 1, isQuiet: true },
    { bytesOf: insideNewestCounts, isQuiet: true },
    { bytesOf: () => 1000, isQuiet: true },
    { bytesOf: () => 100_000, isQuiet: false },
    { bytesOf: (file) => Math.floor(statSync(file).size / 2), isQuiet: false }
  ]

  for (const { bytesOf, isQuiet } of cuts) {
    if (isQuiet) {
      await stream.traffic.pause()
      await stream.untilAllCounted()
    }
    const { rewinds, packets } = counters
    await redis.kill9()
    const file = newestAppendOnlyFile(redis)
    truncateSync(file, statSync(file).size - bytesOf(file))
    await redis.start()
    await stream.untilRewound(counters, rewinds)
    stream.traffic.resume()
    await stream.untilCounted(counters, packets + 1000)
  }

  expect(counters.rewinds).toBeGreaterThanOrEqual(cuts.length)
  await stream.expectExact()
})

test('a copy of the append-only file that is seconds old is put back', async () => {
  const redis = await ownRedis()
  const { stream, counters } = await underLoad(redis.url)
  const copy = path.join(stream.deployment.folder, 'old-copy')
  cpSync(appendOnlyFolder(redis), copy, { recursive: true })
  const countedThen = counters.packets
  await sleep(5000)
  await stream.untilCounted(counters, countedThen + 2000)

  const { rewinds } = counters
  await redis.kill9()
  rmSync(appendOnlyFolder(redis), { recursive: true })
  cpSync(copy, appendOnlyFolder(redis), { recursive: true })
  await redis.start()

  await stream.untilRewound(counters, rewinds)
  expect(counters.rewinds - counters.rewindsInDoubt).toBeGreaterThan(0)
  await stream.expectExact()
})

test('a replica that lags becomes the master', async () => {
  const master = await ownRedis()
  const [service, replication] = [new TcpProxy(master.port), new TcpProxy(master.port)]
  for (const proxy of [service, replication]) {
    await proxy.start()
    opened.push(() => proxy.stop())
  }
  const replica = await ownRedis(['--replicaof', `127.0.0.1 ${replication.port}`])
  const [client, masterClient] = [new RedisClient(replica.url), new RedisClient(master.url)]
  opened.push(async () => {
    client.disconnect()
    masterClient.disconnect()
  })
  const { stream, counters } = await underLoad(`redis://127.0.0.1:${service.port}`)
  await eventually(
    'the replica follows',
    () => client.info('replication'),
    (info) => info.includes('master_link_status:up')
  )

  replication.swallow()
  await untilItLags(masterClient, client)
  const { rewinds } = counters
  await client.call('REPLICAOF', 'NO', 'ONE')
  service.switchTo(replica.port)

  await stream.untilRewound(counters, rewinds)
  await stream.expectExact()
})

test('everything is deleted by FLUSHALL', async () => {
  const redis = await ownRedis()
  const { stream, counters } = await underLoad(redis.url)
  const client = new RedisClient(redis.url)
  opened.push(async () => client.disconnect())

  const { rewinds } = counters
  await client.flushall()

  await stream.untilRewound(counters, rewinds)
  expect(counters.rewinds - counters.rewindsInDoubt).toBeGreaterThan(0)
  await stream.expectExact()
})
