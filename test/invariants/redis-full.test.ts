// Redis has no memory left: the aggregator waits for longer than its session, says so, and nothing is lost.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis as RedisClient } from 'ioredis'
import { aggregatorReadings } from '../../services/metrics/readings.ts'
import { type Redis, startRedis } from '../../tools/stack/redis.ts'
import { sharedKafka, sharedRegistry } from '../stack/shared-stack.ts'
import { Stream } from './stream/stream.ts'

/** Longer than the session, and than twice the patience with a consumer that does not go on. */
const FULL_MS = 22_000

let redis: Redis
let client: RedisClient
let stream: Stream

beforeAll(async () => {
  const [kafkaBrokers, registryUrl, own] = await Promise.all([sharedKafka(), sharedRegistry(), startRedis()])
  redis = own
  client = new RedisClient(redis.url)
  stream = new Stream(
    { kafkaBrokers, registryUrl, redisUrl: redis.url },
    { STORMPETREL_KAFKA_PATIENCE_SECONDS: '10' }
  )
})

afterAll(async () => {
  await stream.close()
  client.disconnect()
  await redis.stop()
})

test('a full Redis holds the aggregator up in its group, alerts, and loses nothing', async () => {
  await stream.open()
  stream.traffic.start()
  const [, { counters }] = await Promise.all([stream.startTagger(), stream.startAggregator()])
  await stream.untilCounted(counters, 2000)
  const isFull = () =>
    aggregatorReadings(counters, 0).find(({ name }) => name === 'stormpetrel_store_full')?.value
  expect(isFull()).toBe(0)

  await client.config('SET', 'maxmemory', '1mb')
  await stream.until('the store is full', () => isFull() === 1)
  const { packets, storeErrors } = counters
  const assignments = assigned().length
  const beganMs = performance.now()
  await stream.until('it was full for long', () => performance.now() - beganMs > FULL_MS)

  expect(isFull()).toBe(1)
  expect(counters.packets).toBe(packets)
  expect(counters.storeErrors).toBeGreaterThan(storeErrors + 10)
  expect(assigned()).toHaveLength(assignments)
  const alerts = stream.log.filter(({ level }) => level === 'error')
  expect(alerts).toEqual([
    {
      level: 'error',
      message: 'store is full; waiting for memory',
      fields: {
        error: expect.stringMatching(
          /^redis .*OOM.*; give Redis more memory \(maxmemory\); nothing was counted$/
        )
      }
    }
  ])

  await client.config('SET', 'maxmemory', '0')
  await stream.untilCounted(counters, packets + 1000)

  expect(isFull()).toBe(0)
  await stream.expectExact()
})

/** Assignments of partitions so far. */
function assigned(): unknown[] {
  return stream.log.filter(({ message }) => message === 'partitions assigned')
}
