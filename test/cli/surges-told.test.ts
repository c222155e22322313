// What the detector has told of, as `surges` lists it.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisSurgeStore } from '../../adapters/redis-surge-store.ts'
import { readConfiguration } from '../../core/configuration.ts'
import { liveNamespace } from '../../core/store/run-settings.ts'
import { surgeChange } from '../builders/surges.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

let environment: Record<string, string>
let surges: RedisSurgeStore
let namespace: string

beforeEach(async () => {
  environment = {
    STORMPETREL_REDIS_URL: await sharedRedis(),
    STORMPETREL_TOPIC_PREFIX: `t${randomUUID()}.`
  }
  const { redisUrl, topicPrefix } = readConfiguration(environment)
  namespace = liveNamespace(topicPrefix)
  surges = new RedisSurgeStore(redisUrl, namespace)
  await surges.start()
})

afterEach(async () => {
  await surges.stop()
  const redis = new Redis(await sharedRedis())
  await redis.unlink(await redis.keys(`${namespace}:*`))
  await redis.quit()
})

test('each by its true state, with its story, its severity and what drives it; open ones first', async () => {
  const lease = (await surges.lease('one', 60_000))!
  const detectedSeconds = 1_652_011_200
  await surges.save(lease, {
    judgedUpToSeconds: detectedSeconds,
    parts: [],
    changes: [
      surgeChange({ surge: 'a', state: 'early', detectedSeconds: detectedSeconds + 3600, severity: 'page' }),
      surgeChange({ surge: 'b', state: 'withdrawn', closedSeconds: detectedSeconds, drivers: [] }),
      surgeChange({ surge: 'c', state: 'closed', closedSeconds: detectedSeconds - 3600, story: 'a' }),
      surgeChange({ surge: 'd', state: 'open' })
    ]
  })
  const { stdout, exitCode } = await stormpetrel(['surges'], environment)

  expect(exitCode).toBe(0)
  const rows = parseLines(stdout).map(({ state, severity, story, drivers }) => ({
    state,
    severity,
    story,
    drivers
  }))
  const drivers = [
    { dimension: 'region', key: 'KR', share: 0.81 },
    { dimension: 'region', key: '', share: 0.19 }
  ]
  expect(rows.slice(0, 2)).toEqual([
    { state: 'early', severity: 'page', story: 'a', drivers },
    { state: 'open', severity: 'notice', story: 'd', drivers }
  ])
  expect(new Set(rows.slice(2))).toEqual(
    new Set([
      { state: 'withdrawn', severity: 'notice', story: 'b', drivers: null },
      { state: 'closed', severity: 'notice', story: 'a', drivers }
    ])
  )
})
