import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { runScript } from '../../../adapters/redis/scripts.ts'
import { sharedRedis } from '../../stack/shared-stack.ts'

const key = `test:${randomUUID()}:settings`
let redis: Redis

beforeAll(async () => {
  redis = new Redis(await sharedRedis())
})

afterAll(async () => {
  await redis.del(key)
  await redis.quit()
})

function swap(read: string, written: string): Promise<unknown> {
  return runScript(redis, 'swap-settings', [key], [read, written])
}

test('settings are written where they are those that were read, once however often it is tried', async () => {
  expect([await swap('other', 'a'), await redis.exists(key)]).toEqual([0, 0])
  expect([await swap('', 'a'), await swap('', 'a'), await redis.get(key)]).toEqual([1, 1, 'a'])
  expect([await swap('', 'b'), await redis.get(key)]).toEqual([0, 'a'])
  expect([await swap('a', 'b'), await swap('a', 'b'), await redis.get(key)]).toEqual([1, 1, 'b'])
  expect([await swap('a', 'c'), await redis.get(key)]).toEqual([0, 'b'])
})

test('empty settings are refused', async () => {
  await expect(swap('b', '')).rejects.toThrow('SPARGUMENT swap-settings')
})
