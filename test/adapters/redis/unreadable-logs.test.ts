// A log that somebody else has spoilt: it is told, everything else is kept in order, and no number is made up.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../../../adapters/redis-store.ts'
import { slotKeys } from '../../../adapters/redis/slot-keys.ts'
import { DEFAULT_RETENTION } from '../../../core/store/retention.ts'
import { countPart } from '../../builders/counts.ts'
import { addresses4, ALL, sourcePart } from '../../builders/sources.ts'
import { sharedRedis } from '../../stack/shared-stack.ts'
import { applyTo, batch, window } from '../count-store-suite.ts'

const hour = Math.floor(Date.now() / 3_600_000) * 3600 - 8 * 3600
const keys = (namespace: string) => slotKeys(namespace, 0)

let namespace: string
let store: RedisStore
let redis: Redis
let told: string[]

beforeEach(async () => {
  namespace = `test:${randomUUID()}`
  told = []
  store = new RedisStore({
    url: await sharedRedis(),
    namespace,
    slots: 1,
    dayZones: [],
    retention: DEFAULT_RETENTION,
    onUnreadable: (what, error) => told.push(`${what}: ${String(error)}`)
  })
  redis = new Redis(await sharedRedis())
  await store.start()
  await applyTo(store, 'a', {
    batches: [batch('a', 1), batch('b', 1)],
    counts: [
      countPart(hour, 'a'),
      countPart(hour + 60, 'a'),
      countPart(hour, 'b'),
      countPart(hour - 3600, 'a')
    ],
    sources: [
      sourcePart(hour, [[ALL, addresses4(0, 5)]]),
      sourcePart(hour - 3600, [[ALL, addresses4(0, 7)]]),
      sourcePart(hour - 2700, [[ALL, addresses4(0, 9)]])
    ]
  })
})

afterEach(async () => {
  await store.clear()
  await store.stop()
  await redis.quit()
})

async function spoil(key: string): Promise<void> {
  expect(await redis.exists(key)).toBe(1)
  await redis.append(key, 'spoilt')
}

test('minutes and quarters that cannot be read wait, the others are rolled', async () => {
  await spoil(keys(namespace).minute(`${hour}|a|["all"]`))
  await spoil(keys(namespace).quarter(`${hour - 3600}|["all"]`))

  await store.roll(Date.now() / 1000)

  expect(told.length).toBe(2)
  expect(told.join('\n')).toContain(`minute|${hour}|a|["all"]`)
  expect(await redis.zrange(keys(namespace).minutes, '0', '-1')).toEqual([
    `${hour}|a|["all"]`,
    `${hour}|b|["all"]`
  ])
  expect(await redis.zcard(keys(namespace).quarters)).toBe(1)
  expect((await store.packets(window('minute', hour + 60))).get('all')).toBe(1)
  await expect(store.packets(window('hour', hour))).rejects.toMatchObject({
    code: 'SP_STORE_REFUSED',
    message: expect.stringMatching(/packets: what is stored cannot be read: a frame is longer than its log/)
  })
})

test('a window whose sources cannot be read stays open, the others are closed, sensors are trimmed', async () => {
  await store.roll(Date.now() / 1000)
  await spoil(keys(namespace).sources(`hour|UTC|${hour}|["all"]`))
  await spoil(keys(namespace).sensorHour(`${hour}|b`))

  await store.closeSources(hour + 5 * 3600, [])
  await store.trimSensorHours(hour + 8 * 3600)
  await spoil(keys(namespace).counts(`hour|UTC|${hour - 3600}|["all"]`))
  await applyTo(store, 'a', { counts: [countPart(hour - 3600, 'a')] })
  await store.roll(Date.now() / 1000)

  expect(told.length).toBe(3)
  expect(await redis.exists(keys(namespace).sourceNumbers(`hour|UTC|${hour - 3600}|all`))).toBe(1)
  expect(await redis.exists(keys(namespace).sourceNumbers(`hour|UTC|${hour}|all`))).toBe(0)
  expect(await redis.zrange(keys(namespace).untrimmedHours, '0', '-1')).toEqual([
    `${hour - 3600}|a`,
    `${hour}|a`,
    `${hour}|b`
  ])
  expect((await store.packets(window('minute', hour - 3600))).get('all')).toBe(2)
})

test('a quarter that cannot be read, or has another type, holds up neither the others nor what is closed', async () => {
  const own = keys(namespace)
  const [spoilt, foreign] = [`${hour - 3600}|["all"]`, `${hour - 2700}|["all"]`]
  await spoil(own.quarter(spoilt))
  await redis.del(own.quarter(foreign))
  await redis.hset(own.quarter(foreign), 'no', 'log')

  await store.roll(Date.now() / 1000)
  await store.roll(Date.now() / 1000)
  expect(told.map((one) => one.split(': ')[0])).toEqual([own.quarter(spoilt), own.quarter(foreign)])
  for (const list of [own.quarters, own.unreadableQuarters])
    expect(await redis.zrange(list, '0', '-1')).toEqual([spoilt, foreign])

  await store.closeSources(hour + 5 * 3600, [])
  expect(await redis.exists(own.sourceNumbers(`hour|UTC|${hour}|all`))).toBe(1)

  await redis.del(own.quarter(spoilt), own.quarter(foreign))
  const starts = [hour - 3600, hour - 2700]
  await applyTo(store, 'a', { sources: starts.map((start) => sourcePart(start, [[ALL, addresses4(0, 2)]])) })
  await store.roll(Date.now() / 1000)
  expect(await redis.zcard(own.unreadableQuarters)).toBe(0)
})
