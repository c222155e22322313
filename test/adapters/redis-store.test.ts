import { randomUUID } from 'node:crypto'
import { totalmem } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore, type RedisStoreOptions } from '../../adapters/redis-store.ts'
import { fullestOf, memoryOf } from '../../adapters/redis/server-memory.ts'
import { slotKeys } from '../../adapters/redis/slot-keys.ts'
import { slotOf } from '../../core/store/slot.ts'
import { answerFromStore } from '../../core/counts/live-query.ts'
import { type CountQuery, NO_CONDITIONS } from '../../core/counts/query.ts'
import { DEFAULT_RETENTION } from '../../core/store/retention.ts'
import { zonesKept } from '../../core/store/store-settings.ts'
import { dayStartSeconds } from '../../core/windows/time-zone.ts'
import { type Redis as RedisPart, startRedis } from '../../tools/stack/redis.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { countPart } from '../builders/counts.ts'
import { addresses4, ALL, sourcePart } from '../builders/sources.ts'
import { applyTo, batch, describeCountStore, span, window } from './count-store-suite.ts'

const topic = 'packets.enriched'

async function storeOf(over: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const namespace = `test:${randomUUID()}`
  return new RedisStore({ url: await sharedRedis(), namespace, dayZones: [], retention: null, ...over })
}

const HOURS: CountQuery = {
  by: [],
  window: { kind: 'fixed', size: 'hour' },
  zone: 'UTC',
  fromSeconds: null,
  toSeconds: null,
  where: NO_CONDITIONS,
  hasSources: false
}

const ONE = [{ series: 'all', packets: 1, sources: 1 }]

describeCountStore('the Redis store', (retention) => storeOf({ retention }))

/** A store that holds a namespace for the test, and is cleared after it. */
async function heldStore(over: Partial<RedisStoreOptions> = {}) {
  const settings = { namespace: `test:${randomUUID()}`, retention: DEFAULT_RETENTION, ...over }
  const store = await storeOf(settings)
  await store.start()
  const another = (other: Partial<RedisStoreOptions>) => storeOf({ ...settings, ...other })
  const end = async () => {
    await store.clear()
    await store.stop()
  }
  return { store, settings, another, end }
}

async function startAndStop(store: RedisStore): Promise<void> {
  await store.start()
  await store.stop()
}

describe('the layout of the Redis store', () => {
  test('a live store refuses other slots by naming both, and a run for a live store', async () => {
    const { another, end } = await heldStore()

    await startAndStop(await another({}))
    await expect((await another({ slots: 8 })).start()).rejects.toMatchObject({
      code: 'SP_STORE_LAYOUT',
      message: expect.stringMatching(/was made with 4 slots, this service has 8 \(STORMPETREL_SLOTS\)/)
    })
    await expect((await another({ retention: null })).start()).rejects.toMatchObject({
      code: 'SP_STORE_LAYOUT'
    })
    await end()
  })

  test('a run has the slots and zones that it was made with, whatever is wanted later', async () => {
    const { another, end } = await heldStore({ retention: null, slots: 2, dayZones: ['Asia/Tokyo'] })

    for (const access of ['write', 'read'] as const) {
      const later = await another({ slots: 16, dayZones: [], access })
      expect(later.slots).toBe(16)
      await later.start()

      expect(later.slots).toBe(2)
      expect(zonesKept(await later.settings())).toEqual(['UTC', 'Asia/Tokyo'])
      await later.stop()
    }
    await end()
  })

  test('aggregators write a longer retention and a new zone, readers see them and their floors', async () => {
    const hour = Math.floor(Date.now() / 3_600_000) * 3600
    const dayZones = ['Asia/Dhaka']
    const short = { ...DEFAULT_RETENTION, hourDays: 1 }
    const { store, another, end } = await heldStore({ dayZones, retention: short })
    const counts = [countPart(hour - 20 * 3600, 'a'), countPart(hour, 'a')]
    await applyTo(store, 'a', { batches: [batch('a', 1)], counts })
    await store.roll(hour + 60)
    const wider = { dayZones: ['Asia/Tokyo', ...dayZones], retention: DEFAULT_RETENTION }

    await Promise.all([1, 2, 3].map(async () => startAndStop(await another(wider))))
    const reader = await another({ access: 'read', dayZones: [], retention: short })
    await reader.start()

    const settings = await reader.settings()
    expect(settings.retention).toEqual(DEFAULT_RETENTION)
    expect(zonesKept(settings)).toEqual(['UTC', 'Asia/Dhaka', 'Asia/Tokyo'])
    expect(settings.zones['Asia/Tokyo']).toBeGreaterThan(Date.now() / 1000)
    expect(await reader.windows('day', 'Asia/Tokyo', 'all')).toEqual([])
    const ask = (fromSeconds: number) => answerFromStore({ ...HOURS, fromSeconds }, reader)
    expect((await ask(hour - 20 * 3600)).map(({ packets }) => packets)).toEqual([1, 1])
    await expect(ask(hour - 30 * 3600)).rejects.toMatchObject({ code: 'SP_QUESTION_NOT_KEPT' })
    const today = { ...HOURS, window: { kind: 'fixed', size: 'day' }, zone: 'Asia/Tokyo' } as const
    const fromSeconds = dayStartSeconds('Asia/Tokyo', hour)
    await expect(answerFromStore({ ...today, fromSeconds }, reader)).rejects.toMatchObject({
      code: 'SP_QUESTION_NOT_KEPT',
      message: expect.stringMatching(/days from \d{4}-\d\d-\d\dT00:00:00\+09:00 on/)
    })
    await reader.stop()
    await end()
  })

  test('a window that would have been forgotten under an earlier retention is not put', async () => {
    const hour = Math.floor(Date.now() / 3_600_000) * 3600
    const { another, end } = await heldStore({ retention: { ...DEFAULT_RETENTION, hourDays: 10 } })
    const longer = await another({ retention: DEFAULT_RETENTION })
    await longer.start()
    const put = (days: number) =>
      longer.putWindow({ window: window('hour', hour - days * 86_400), counts: ONE })

    expect([await put(50), await put(9), await put(101)]).toEqual(['not-kept', 'kept', 'not-kept'])
    expect(await longer.windows('hour', 'UTC', 'all')).toEqual([hour - 9 * 86_400])
    await longer.stop()
    await end()
  })

  test('a put that failed is done at the next try, and one after the counts were cleared too', async () => {
    const hour = window('hour', Math.floor(Date.now() / 3_600_000) * 3600 - 50 * 3600)
    const { store, end } = await heldStore()
    const other = { ...hour, startSeconds: hour.startSeconds - 3600 }
    expect(await store.putWindow({ window: other, counts: ONE })).toBe('kept')
    const wrong = [{ series: 'colour=red', packets: 1, sources: 1 }]
    await expect(store.putWindow({ window: hour, counts: wrong })).rejects.toThrow(RangeError)
    expect(await store.putWindow({ window: hour, counts: ONE })).toBe('kept')

    await store.start()
    expect(await store.putWindow({ window: hour, counts: ONE })).toBe('there')
    await store.clear()
    await store.start()
    expect(await store.putWindow({ window: hour, counts: ONE })).toBe('kept')
    await end()
  })

  test('a reader writes nothing, and finds the store when an aggregator has made it', async () => {
    const redis = new Redis(await sharedRedis())
    const namespace = `test:${randomUUID()}`
    const settings = { namespace, retention: DEFAULT_RETENTION }
    const reader = await storeOf({ ...settings, access: 'read' })
    await reader.start()
    const keys = () => redis.keys(`${namespace}:*`)

    await expect(reader.settings()).rejects.toMatchObject({
      code: 'SP_STORE_EMPTY',
      message: expect.stringContaining(`no counts under ${namespace}: no aggregator has worked there yet`)
    })
    await expect(answerFromStore(HOURS, reader)).rejects.toMatchObject({ code: 'SP_STORE_EMPTY' })
    expect(await reader.nextOffset(topic, 0)).toBe(0)
    expect(await reader.windows('hour', 'UTC', 'all')).toEqual([])
    expect(await keys()).toEqual([])

    const { store, end } = await heldStore({ ...settings, slots: 2 })
    await store.trim(topic, 0, 7)
    const made = (await keys()).length
    expect(await reader.nextOffset(topic, 0)).toBe(7)
    expect([reader.slots, (await keys()).length]).toEqual([2, made])
    await end()
    await reader.stop()
    await redis.quit()
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
      counts: [countPart(startSeconds, 'a')],
      sources: [sourcePart(startSeconds - 7200, [[ALL, addresses4(0, 2)]])]
    })
    await store.roll(startSeconds + 7200)
    await store.closeSources(startSeconds + 7200, [])

    const keys = (await redis.keys('*')).filter((key) => key.startsWith(`${namespace}:`))
    const ends = await Promise.all(
      keys
        .filter((key) => /:(counts|sensor-hour|sources|source-numbers)\|/.test(key))
        .map((key) => redis.expiretime(key))
    )
    await store.clear()

    expect(keys.filter((key) => !/:\{s\d\d\}:/.test(key))).toEqual([`${namespace}:settings`])
    const dayStart = Math.floor((startSeconds - 7200) / 86_400) * 86_400
    expect(ends.sort((a, b) => a - b)).toEqual([
      // Packets of a minute, sources of a closed hour and their numbers, packets of this hour, of it at its sensor.
      startSeconds + 60 + 26 * 3600,
      startSeconds - 3600 + 100 * 86_400,
      startSeconds - 3600 + 100 * 86_400,
      startSeconds + 3600 + 100 * 86_400,
      startSeconds + 3600 + 100 * 86_400,
      // Sources of a day, and packets of one.
      ...[dayStart + 801 * 86_400, Math.floor(startSeconds / 86_400) * 86_400 + 801 * 86_400].sort(
        (a, b) => a - b
      )
    ])
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

  test('a Redis that lost everything is told again what is kept', async () => {
    const redis = new Redis(part.url)
    const store = await storeOf({ url: part.url, dayZones: ['Asia/Tokyo'] })
    await store.start()
    const before = await store.settings()
    await redis.flushall()

    expect(await store.settings()).toEqual(before)
    expect(await redis.dbsize()).toBe(1)
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

    const counts = [countPart(0, 'a')]
    await expect(applyTo(store, 'a', { batches: [batch('a', 1)], counts })).rejects.toMatchObject({
      code: 'SP_REDIS_FULL',
      message: expect.stringMatching(/OOM.*nothing was counted/)
    })
    await redis.config('SET', 'maxmemory', '0')

    expect(await applyTo(store, 'a', { batches: [batch('a', 1)], counts })).toMatchObject({ kind: 'applied' })
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

/** A part of what Redis answers to INFO memory. */
function memoryInfo(usedBytes: number, notCountedBytes: number, maxBytes: number): string {
  const fields = {
    used_memory: usedBytes,
    total_system_memory: 99,
    maxmemory: maxBytes,
    mem_not_counted_for_evict: notCountedBytes
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`)
  return `# Memory\r\n${lines.join('')}`
}

describe('the memory of the Redis store', () => {
  test('is what counts against maxmemory, or against the machine where none is set', async () => {
    const part = await startRedis({ args: ['--maxmemory', '50mb'] })
    const store = await storeOf({ url: part.url })
    await store.start()
    const limited = await store.memory()
    const redis = new Redis(part.url)
    await redis.config('SET', 'maxmemory', '0')

    const unlimited = await store.memory()

    expect(limited).toEqual({ usedBytes: expect.any(Number), maxBytes: 50 * 1024 * 1024 })
    expect(limited!.usedBytes).toBeGreaterThan(100_000)
    expect(unlimited!.maxBytes).toBe(totalmem())
    await store.stop()
    redis.disconnect()
    await part.stop()
  })

  test('of a cluster is that of the fullest node, and unknown where one does not tell', () => {
    const [calm, full] = [memoryOf(memoryInfo(50, 10, 0)), memoryOf(memoryInfo(40, 0, 50))]

    expect([calm, full]).toEqual([
      { usedBytes: 40, maxBytes: 99 },
      { usedBytes: 40, maxBytes: 50 }
    ])
    expect(fullestOf([calm, full])).toBe(full)
    expect([fullestOf([calm, null]), fullestOf([]), memoryOf('')]).toEqual([null, null, null])
  })
})
