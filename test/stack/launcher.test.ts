import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Redis as RedisClient } from 'ioredis'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { startKafka } from '../../tools/stack/kafka.ts'
import type { Part } from '../../tools/stack/part.ts'
import { startRedis } from '../../tools/stack/redis.ts'
import { startRegistry } from '../../tools/stack/registry.ts'
import { isAlive } from './process-life.ts'

let folder: string
const running: Part[] = []

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stormpetrel-launcher-'))
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop()))
  rmSync(folder, { recursive: true, force: true })
})

function owned<T extends Part>(part: T): T {
  running.push(part)
  return part
}

test('Redis keeps its data over kill -9 and restart, on the same port', async () => {
  const redis = owned(await startRedis())
  const { url, pids } = redis
  await withRedis(url, (client) => client.set('kept', 'yes'))

  await redis.kill9()
  expect(pids.map(isAlive)).toEqual([false])
  await redis.start()

  expect(redis.url).toBe(url)
  expect(await withRedis(url, (client) => client.get('kept'))).toBe('yes')
})

test('Redis without its append-only file starts empty', async () => {
  const redis = owned(await startRedis({ isAppendOnly: false }))
  await withRedis(redis.url, (client) => client.set('kept', 'yes'))

  await redis.restart()

  expect(await withRedis(redis.url, (client) => client.get('kept'))).toBeNull()
})

test('Kafka keeps topics over kill -9 and a stop, in a folder that is kept, and leaves no process', async () => {
  const first = owned(await startKafka({ folder, settings: { 'num.partitions': '3' } }))
  await withAdmin(first.brokers, (admin) => admin.createTopics({ topics: [{ topic: 'kept' }] }))
  const firstPids = first.pids

  await first.kill9()
  await first.restart()
  expect(await withAdmin(first.brokers, (admin) => admin.listTopics())).toContain('kept')
  const secondPids = first.pids
  await first.stop()
  const again = owned(await startKafka({ folder }))

  expect([...firstPids, ...secondPids].map(isAlive)).toEqual([false, false])
  const { topics } = await withAdmin(again.brokers, (admin) => admin.fetchTopicMetadata({ topics: ['kept'] }))
  expect(topics[0]?.partitions).toHaveLength(3)
})

test('the registry keeps subjects over kill -9, and stop deletes its temporary folder', async () => {
  const registry = owned(await startRegistry())
  const schema = { schema: JSON.stringify({ type: 'record', name: 'Kept', fields: [] }) }
  const answer = await fetch(`${registry.url}/subjects/kept-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(schema)
  })
  expect(answer.status).toBe(200)

  await registry.kill9()
  await registry.start()
  const subjects: unknown = await (await fetch(`${registry.url}/subjects`)).json()
  const { pids } = registry
  await registry.stop()

  expect(subjects).toEqual(['kept-value'])
  expect(pids.map(isAlive)).toEqual([false])
  expect(existsSync(registry.folder)).toBe(false)
})

test('a part that cannot start says why, with the end of its log, and leaves nothing', async () => {
  const broken = startRedis({ folder, args: ['--no-such-setting', '1'] })

  await expect(broken).rejects.toThrow(
    /redis ended \(1\) before it was ready.*server\.log:.*no-such-setting/s
  )
})

async function withRedis<T>(url: string, use: (client: RedisClient) => Promise<T>): Promise<T> {
  const client = new RedisClient(url)
  try {
    return await use(client)
  } finally {
    client.disconnect()
  }
}

async function withAdmin<T>(
  brokers: readonly string[],
  use: (admin: ReturnType<KafkaClient['admin']>) => Promise<T>
): Promise<T> {
  const admin = new KafkaClient({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
