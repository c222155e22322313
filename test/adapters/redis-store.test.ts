import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore, type RedisStoreOptions } from '../../adapters/redis-store.ts'
import { slotKeys } from '../../adapters/redis/slot-keys.ts'
import { slotOf } from '../../core/store/slot.ts'
import { DEFAULT_RETENTION } from '../../core/store/retention.ts'
import { type Redis as RedisPart, startRedis } from '../../tools/stack/redis.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { addresses4, applyTo, batch, describeCountStore, span, window } from './count-store-suite.ts'

const topic = 'packets.enriched'

async function storeOf(over: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const namespace = `test:${randomUUID()}`
  return new RedisStore({ url: await sharedRedis(), namespace, dayZones: [], retention: null, ...over })
}

describeCountStore('the Redis store', (retention) => storeOf({ retention }))

describe('the layout of the Redis store', () => {
  test('a store opens again with the same settings, and refuses others by naming both', async () => {
    const namespace = `test:${randomUUID()}`
    const settings = { namespace, dayZones: ['Asia/Tokyo', 'Asia/Dhaka'], retention: DEFAULT_RETENTION }
    const first = await storeOf(settings)
    await first.start()
    const same = await storeOf({ ...settings, dayZones: ['Asia/Dhaka', 'Asia/Tokyo'] })
    await same.start()
    await same.stop()

    for (const other of [{ slots: 8 }, { dayZones: [] }, { retention: null }]) {
      const store = await storeOf({ ...settings, ...other })
      await expect(store.start()).rejects.toMatchObject({
        code: 'SP_STORE_LAYOUT',
        message: expect.stringMatching(/was made with \{.*"slots":16.*this service has \{/)
      })
    }
    await first.clear()
    await first.stop()
  })

  test('every key of a slot has its hash tag, live windows have an end, and clear leaves others alone', async () => {
    const redis = new Redis(await sharedRedis())
    const namespace = `test:${randomUUID()}:[x]*`
    const store = await storeOf({ namespace, retention: DEFAULT_RETENTION })
    const other = await storeOf({ namespace: `test:${namespace.slice(5, 41)}:x` })
    await Promise.all([store.start(), other.start()])
    const startSeconds = Math.floor(Date.now() / 3_600_000) * 3600
    await applyTo(store, 'a', {
      spans: [span(0, 1)],
      batches: [batch('a', 1)],
      cells: [{ window: window('hour', startSeconds), series: 'all', packets: 1 }]
    })
    await store.addSources([{ window: window('hour', startSeconds), series: 'all', ...addresses4(0, 2) }])

    const keys = (await redis.keys('*')).filter((key) => key.startsWith(`${namespace}:`))
    const ends = await Promise.all(
      keys.filter((key) => /:(counts|sketch)\|/.test(key)).map((key) => redis.expiretime(key))
    )
    await store.clear()

    expect(keys.filter((key) => !/:\{s\d\d\}:/.test(key))).toEqual([`${namespace}:settings`])
    expect(ends).toEqual([startSeconds + 3600 + 100 * 86_400, startSeconds + 3600 + 100 * 86_400])
    expect((await redis.keys('*')).filter((key) => key.startsWith(`${namespace}:`))).toEqual([])
    await other.stop()
    await expect(other.start()).resolves.toBeUndefined()
    await other.clear()
    await Promise.all([store.stop(), other.stop(), redis.quit()])
  })
})

describe('the Redis store when Redis fails', () => {
  let part: RedisPart

  beforeAll(async () => {
    part = await startRedis()
  })

  afterAll(async () => {
    await part.stop()
  })

  test('a Redis that cannot be reached is one clear error, at start and later, and passes', async () => {
    await part.halt()
    const store = await storeOf({ url: part.url })
    const isUnreachable = {
      code: 'SP_REDIS',
      message: expect.stringMatching(/^redis 127\.0\.0\.1:\d+: .*check that it runs and can be reached$/)
    }
    await expect(store.start()).rejects.toMatchObject(isUnreachable)
    await part.start()
    await store.start()
    await part.halt()

    await expect(applyTo(store, 'a', { batches: [batch('a', 1)] })).rejects.toMatchObject(isUnreachable)
    await part.start()
    await expect(untilAnswered(() => applyTo(store, 'a', { batches: [batch('a', 1)] }))).resolves.toEqual({
      kind: 'applied',
      expiredPackets: {}
    })
    await store.clear()
    await store.stop()
  })

  test('a store that is started again ends its connection before it makes another', async () => {
    const redis = new Redis(part.url)
    const clients = async () =>
      String(await redis.client('LIST'))
        .trim()
        .split('\n').length
    const store = await storeOf({ url: part.url })
    await store.start()
    const before = await clients()

    await store.start()

    expect(await clients()).toBe(before)
    await store.clear()
    await store.stop()
    await redis.quit()
  })

  test('sources that Redis acknowledged and lost make every partition behind until it is read again', async () => {
    const redis = new Redis(part.url)
    const store = await storeOf({ url: part.url, slots: 2 })
    await store.start()
    const add = () =>
      store.addSources(
        Array.from({ length: 20 }, (_, i) => {
          return { window: window('hour', 3600 * i), series: 'all', ...addresses4(0, 9) }
        })
      )
    await add()
    await redis.flushall()

    const behind = { kind: 'behind', partition: 0, storedOffset: 0 }
    expect(await store.advanceSources([span(0, 5)])).toEqual(behind)
    expect(await store.advanceSources([span(0, 5)])).toEqual(behind)
    expect(await store.nextOffset(topic, 0)).toBe(0)
    expect(await store.advanceSources([span(0, 5, 1)])).toEqual({ ...behind, partition: 1 })
    await add()
    expect(await store.advanceSources([span(0, 5)])).toMatchObject({ kind: 'applied' })
    expect(await store.advanceSources([span(0, 5, 1)])).toMatchObject({ kind: 'behind', partition: 1 })

    await redis.flushall()
    await expect(add()).rejects.toMatchObject({ code: 'SP_REDIS', message: expect.stringContaining('lost') })
    await add()
    expect(await store.advanceSources([span(5, 6)])).toEqual(behind)
    await store.clear()
    await store.stop()
    await redis.quit()
  })

  test('a lost answer about sources makes the partition behind: nobody knows what was added', async () => {
    const store = await storeOf({ url: part.url, slots: 2 })
    await store.start()
    await store.nextOffset(topic, 0)
    const cells = Array.from({ length: 20 }, (_, i) => {
      return { window: window('hour', 3600 * i), series: 'all', ...addresses4(0, 9) }
    })
    await store.addSources(cells)
    await part.halt()
    await expect(store.addSources(cells)).rejects.toMatchObject({ code: 'SP_REDIS' })
    await part.start()
    await untilAnswered(() => store.addSources(cells))

    expect(await store.advanceSources([span(0, 5)])).toMatchObject({ kind: 'behind', partition: 0 })
    await store.nextOffset(topic, 0)
    await store.addSources(cells)
    expect(await store.advanceSources([span(0, 5)])).toMatchObject({ kind: 'applied' })
    await store.clear()
    await store.stop()
  })

  test('sources of many series are read in calls of a bounded size', async () => {
    const redis = new Redis(part.url)
    const store = await storeOf({ url: part.url, slots: 1 })
    await store.start()
    const series = Array.from({ length: 1201 }, (_, port) => `port=${port}/TCP`)
    await store.addSources(
      series.map((one) => ({ window: window('hour', 0), series: one, ...addresses4(0, 2) }))
    )
    await redis.config('RESETSTAT')

    const sources = await store.sources(window('hour', 0), series)

    expect([sources.size, new Set(sources.values())]).toEqual([1201, new Set([2])])
    expect(await redis.info('commandstats')).toContain('cmdstat_evalsha:calls=3,')
    await store.clear()
    await store.stop()
    await redis.quit()
  })

  test('a Redis that forgot the scripts is given them again', async () => {
    const redis = new Redis(part.url)
    const store = await storeOf({ url: part.url })
    await store.start()
    await redis.script('FLUSH')

    expect(await applyTo(store, 'a', { batches: [batch('a', 1)] })).toMatchObject({ kind: 'applied' })
    await store.clear()
    await store.stop()
    await redis.quit()
  })

  test('what would be refused again however often it is tried has a code of its own', async () => {
    const redis = new Redis(part.url)
    const namespace = `test:${randomUUID()}`
    const store = await storeOf({ url: part.url, namespace })
    await store.start()
    await redis.set(slotKeys(namespace, slotOf('a', store.slots)).totals, 'not a hash')

    await expect(applyTo(store, 'a', { batches: [batch('a', 1)] })).rejects.toMatchObject({
      code: 'SP_STORE_REFUSED',
      message: expect.stringMatching(/WRONGTYPE.*nothing was changed/)
    })
    await store.clear()
    await store.stop()
    await redis.quit()
  })

  test('a full Redis refuses a whole request and says that nothing was counted', async () => {
    const redis = new Redis(part.url)
    const store = await storeOf({ url: part.url })
    await store.start()
    await redis.config('SET', 'maxmemory', '1')

    const cells = [{ window: window('hour', 0), series: 'all', packets: 1 }]
    await expect(applyTo(store, 'a', { batches: [batch('a', 1)], cells })).rejects.toMatchObject({
      code: 'SP_REDIS',
      message: expect.stringMatching(/OOM.*nothing was counted/)
    })
    await redis.config('SET', 'maxmemory', '0')

    expect(await applyTo(store, 'a', { batches: [batch('a', 1)], cells })).toMatchObject({ kind: 'applied' })
    expect(await store.packets(window('hour', 0))).toEqual(new Map([['all', 1]]))
    await store.clear()
    await store.stop()
    await redis.quit()
  })
})

/** Repeats while Redis cannot be reached. */
async function untilAnswered<T>(action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'SP_REDIS') throw error
      await setTimeout(20)
    }
  }
}
