import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../../adapters/redis-store.ts'
import { liveNamespace } from '../../core/store/run-settings.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { type CliResult, stormpetrel } from './collected-output.ts'

const prefix = `t${randomUUID().slice(0, 12)}.`
let url: string
let redis: Redis

beforeAll(async () => {
  url = await sharedRedis()
  redis = new Redis(url)
})

afterAll(() => redis.quit())

function counts(settings: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  return stormpetrel(['counts'], {
    STORMPETREL_REDIS_URL: url,
    STORMPETREL_TOPIC_PREFIX: prefix,
    ...settings
  })
}

test('counts where no aggregator has worked says so with exit code 1, and makes nothing', async () => {
  const { exitCode, stdout, stderr } = await counts()

  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(
    /^stormpetrel: redis .* has no counts under stormpetrel\/.*:live: no aggregator has worked there yet; .*\n$/
  )
  expect(await redis.keys(`*${prefix}*`)).toEqual([])
})

test('counts answers whatever it would keep itself, and changes nothing', async () => {
  const retention = { minuteHours: 30, hourDays: 50, dayDays: 60 }
  const namespace = liveNamespace(prefix)
  const store = new RedisStore({ url, namespace, slots: 2, dayZones: ['Asia/Tokyo'], retention })
  await store.start()
  const before = await redis.get(`${namespace}:settings`)

  const settings = {
    STORMPETREL_SLOTS: '16',
    STORMPETREL_DAY_TIME_ZONES: '',
    STORMPETREL_HOUR_RETENTION_DAYS: '9'
  }
  expect(await counts(settings)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })

  expect(await redis.get(`${namespace}:settings`)).toBe(before)
  await store.clear()
  await store.stop()
})
