// `check` of Redis alone, on a server whose settings the test changes.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { readConfiguration } from '../../../core/configuration.ts'
import { checkRedis } from '../../../services/check/check.ts'
import { createStore } from '../../../services/connections.ts'
import { startRedis, type Redis as RedisPart } from '../../../tools/stack/redis.ts'

let part: RedisPart
let redis: Redis

beforeAll(async () => {
  part = await startRedis()
  redis = new Redis(part.url)
})

afterEach(async () => {
  await redis.config('SET', 'maxmemory', '0')
  await redis.config('SET', 'maxmemory-policy', 'noeviction')
  await redis.flushall()
})

afterAll(async () => {
  await redis.quit()
  await part.stop()
})

function configuration(settings: Readonly<Record<string, string>> = {}) {
  return readConfiguration({ STORMPETREL_REDIS_URL: part.url, ...settings })
}

test('a good Redis has no finding, and nothing is written', async () => {
  expect(await checkRedis(configuration())).toEqual([])
  expect(await redis.dbsize()).toBe(0)
})

test('a Redis that evicts is an error, and no aggregator starts on it', async () => {
  await redis.config('SET', 'maxmemory', '100mb')
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')

  expect(await checkRedis(configuration())).toMatchObject([
    {
      severity: 'error',
      what: 'maxmemory-policy is allkeys-lru',
      mend: expect.stringContaining('noeviction')
    }
  ])
  const store = createStore(configuration(), null, 'write')
  await expect(store.start()).rejects.toMatchObject({
    code: 'SP_REDIS_SETTINGS',
    message: expect.stringMatching(/^redis 127\.0\.0\.1:\d+: maxmemory-policy is allkeys-lru: .*noeviction/)
  })
  expect(await redis.dbsize()).toBe(0)
})

test('a policy that evicts nothing yet is a warning', async () => {
  await redis.config('SET', 'maxmemory-policy', 'volatile-lru')

  expect(await checkRedis(configuration())).toMatchObject([{ severity: 'warning' }])
})

test('a user who may not ask is told that the settings could not be read', async () => {
  await redis.call('ACL', 'SETUSER', 'asker', 'on', '>secret', '~*', '+@all', '-info', '-config')
  const url = part.url.replace('redis://', 'redis://asker:secret@')

  expect(await checkRedis(configuration({ STORMPETREL_REDIS_URL: url }))).toMatchObject([
    { severity: 'warning', what: 'its version could not be read' },
    { severity: 'warning', what: 'maxmemory-policy could not be read' },
    { severity: 'warning', what: 'aof-load-truncated could not be read' }
  ])
})

test('a store of other slots is an error, other retentions and zones are none', async () => {
  const store = createStore(configuration({ STORMPETREL_SLOTS: '4' }), null, 'write')
  await store.start()
  await store.stop()

  const others = { STORMPETREL_HOUR_RETENTION_DAYS: '9', STORMPETREL_DAY_TIME_ZONES: 'Asia/Tokyo' }
  expect(await checkRedis(configuration({ STORMPETREL_SLOTS: '4', ...others }))).toEqual([])
  expect(await checkRedis(configuration({ STORMPETREL_SLOTS: '8' }))).toMatchObject([
    { severity: 'error', what: 'was made with 4 slots, and STORMPETREL_SLOTS is 8' }
  ])
})
