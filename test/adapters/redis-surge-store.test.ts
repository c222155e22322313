import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisSurgeStore } from '../../adapters/redis-surge-store.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import { surgeChange } from '../builders/surges.ts'
import { sharedRedis } from '../stack/shared-stack.ts'

let namespace: string
let redis: Redis
let stores: RedisSurgeStore[]

beforeEach(async () => {
  namespace = `test:${randomUUID()}`
  redis = new Redis(await sharedRedis())
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.stop()
  const keys = await redis.keys(`${namespace}:*`)
  if (keys.length > 0) await redis.unlink(keys)
  await redis.quit()
})

async function open(): Promise<RedisSurgeStore> {
  const store = new RedisSurgeStore(await sharedRedis(), namespace)
  await store.start()
  stores.push(store)
  return store
}

const LONG_MS = 60_000

function hour(
  end: number,
  changes: readonly SurgeChange[] = [],
  parts = [Uint8Array.of(1), Uint8Array.of(2)]
) {
  return { judgedUpToSeconds: end, parts, changes }
}

test('what was saved is loaded, with what is not sent yet, and nothing of hours before is left', async () => {
  const [one, two] = [await open(), await open()]
  const lease = (await one.lease('one', LONG_MS))!
  expect(await one.load()).toBeNull()
  const [first, second] = [surgeChange({ surge: 'a' }), surgeChange({ surge: 'b' })]
  expect(await one.save(lease, hour(3600, [first]))).toBe(true)
  expect(await one.save(lease, hour(7200, [second], [new Uint8Array(3_000_000)]))).toBe(true)

  expect(await two.load()).toEqual({
    judgedUpToSeconds: 7200,
    parts: [Buffer.alloc(3_000_000)],
    outbox: [first, second]
  })
  expect((await redis.keys(`${namespace}:*part|*`)).length).toBe(1)
  expect(await one.sent(lease, [first])).toBe(true)
  expect((await two.load())!.outbox).toEqual([second])
  expect(new Set(await two.surges())).toEqual(new Set([first, second]))
})

test('one holder at a time; a lease that was given back or has run out goes to another, with a higher number', async () => {
  const [one, two] = [await open(), await open()]
  const first = await one.lease('one', LONG_MS)
  expect(await two.lease('two', LONG_MS)).toBeNull()
  expect(await one.lease('one', LONG_MS)).toBe(first)
  await one.release(first!)
  const second = await two.lease('two', 50)
  expect(second).toBe(first! + 1)
  await new Promise((resolve) => setTimeout(resolve, 100))

  expect(await one.lease('one', LONG_MS)).toBe(second! + 1)
  // A release that comes late gives back nothing of another's.
  await two.release(second!)
  expect(await two.lease('two', LONG_MS)).toBeNull()
})

test('whoever lost the lease changes nothing, and leaves nothing behind', async () => {
  const [one, two] = [await open(), await open()]
  const old = (await one.lease('one', 50))!
  await one.save(old, hour(3600, [surgeChange({ surge: 'a' })]))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const lease = (await two.lease('two', LONG_MS))!
  await two.load()
  expect(await two.save(lease, hour(7200))).toBe(true)
  const keys = (await redis.keys(`${namespace}:*`)).sort()
  const before = await two.load()

  expect(await one.save(old, hour(10_800, [surgeChange({ surge: 'z' })]))).toBe(false)
  expect(await one.sent(old, [surgeChange({ surge: 'a' })])).toBe(false)
  expect(await two.load()).toEqual(before)
  expect((await redis.keys(`${namespace}:*`)).sort()).toEqual(keys)
  // An hour that was judged is not judged again, by whomever.
  expect(await two.save(lease, hour(3600))).toBe(false)
})

test('a store that went on from what Redis has lost since saves nothing before it has loaded again', async () => {
  const store = await open()
  const lease = (await store.lease('one', LONG_MS))!
  const state = `${namespace}:{surges}:state`
  await store.save(lease, hour(3600, [surgeChange({ surge: 'a' })]))
  const before = await redis.hgetall(state)
  await store.save(lease, hour(7200, [surgeChange({ surge: 'b' })]))
  await redis.hset(state, before)

  expect(await store.save(lease, hour(10_800))).toBe(false)
  expect(await store.judgedUpToSeconds()).toBe(3600)
  // The same number of a lease that was lost too is not the same lease.
  await redis.hset(`${namespace}:{surges}:lease`, 'holder', 'two')
  await redis.hset(state, 'stamp', '')
  expect(await store.save(lease, hour(10_800))).toBe(false)
  expect(await store.sent(lease, [surgeChange({ surge: 'a' })])).toBe(false)
})

test('an early change is kept without what was judged being written anew', async () => {
  const [one, two] = [await open(), await open()]
  const lease = (await one.lease('one', LONG_MS))!
  expect(await one.judgedUpToSeconds()).toBeNull()
  await one.save(lease, hour(3600))
  const parts = await redis.keys(`${namespace}:*part|*`)
  const early = surgeChange({ surge: 'a', state: 'early' })
  expect(await one.save(lease, { judgedUpToSeconds: 3600, parts: null, changes: [early] })).toBe(true)

  expect(await redis.keys(`${namespace}:*part|*`)).toEqual(parts)
  expect(await two.load()).toEqual({
    judgedUpToSeconds: 3600,
    parts: [Buffer.of(1), Buffer.of(2)],
    outbox: [early]
  })
})

test('a clock that was set back keeps no lease for ever', async () => {
  const [one, two] = [await open(), await open()]
  const first = await one.lease('one', LONG_MS)
  await redis.hset(`${namespace}:{surges}:lease`, 'until', String(Date.now() + 86_400_000))
  expect(await two.lease('two', LONG_MS)).toBe(first! + 1)
})

test('the newest change of a surge is listed, and a surge that is over for long is forgotten', async () => {
  const store = await open()
  const lease = (await store.lease('one', LONG_MS))!
  const [opened, closed] = [
    surgeChange({ surge: 'a', number: 1 }),
    surgeChange({ surge: 'a', number: 2, state: 'closed', closedSeconds: 7200 })
  ]
  const other = surgeChange({ surge: 'b' })
  await store.save(lease, hour(3600, [opened, other]))
  await store.save(lease, hour(7200, [closed]))
  expect(new Set(await store.surges())).toEqual(new Set([closed, other]))

  await store.save(lease, hour(7200 + 400 * 86_400))
  expect(await store.surges()).toEqual([other])
})

test('a part that is missing is told, and so are bytes that are none', async () => {
  const store = await open()
  const lease = (await store.lease('one', LONG_MS))!
  await store.save(lease, hour(3600))
  const [part] = await redis.keys(`${namespace}:*part|*`)
  await redis.set(part!, 'spoilt')
  await expect(store.load()).rejects.toMatchObject({ code: 'SP_STORE_REFUSED' })
  await redis.del(part!)
  await expect(store.load()).rejects.toMatchObject({
    code: 'SP_STORE_REFUSED',
    message: expect.stringContaining('is missing')
  })
})
