import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { RedisStore } from '../../adapters/redis-store.ts'
import { readConfiguration } from '../../core/configuration.ts'
import type { FencedBatch } from '../../core/store/count-store.ts'
import { createStore } from '../../services/connections.ts'
import { freshPrefix } from '../adapters/kafkajs/test-bus.ts'
import { applyTo, batch } from '../adapters/count-store-suite.ts'
import { sharedRedis } from '../stack/shared-stack.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

let environment: Record<string, string>
let store: RedisStore

beforeAll(async () => {
  environment = {
    STORMPETREL_REDIS_URL: await sharedRedis(),
    STORMPETREL_TOPIC_PREFIX: freshPrefix()
  }
  store = createStore(readConfiguration(environment), null, 'write')
  await store.start()
  const rejectedFrames = [{ reason: 'not-ip', frames: 3 }]
  await apply(1, { rejectedFrames, kernelDrops: 2 })
  await apply(4, { framesBefore: 33, closedAtMs: 1_700_000_060_000 })
})

afterAll(async () => {
  await store.clear()
  await store.stop()
})

async function apply(number: number, over: Partial<FencedBatch>): Promise<void> {
  const observed = { observedFromMs: 1_700_000_000_000, closedAtMs: 1_700_000_000_000 }
  const outcome = await applyTo(store, 'tokyo', {
    batches: [batch('tokyo', number, { ...observed, ...over })]
  })
  expect(outcome.kind).toBe('applied')
}

test('a row a sensor says what became of its frames, and adds up', async () => {
  const { stdout, stderr, exitCode } = await stormpetrel(['ledger'], environment)

  expect(parseLines(stdout)).toEqual([
    {
      sensor: 'tokyo',
      captured: 43,
      counted: 20,
      rejected: 3,
      dropped: 0,
      lost: 0,
      gaps: 20,
      unexplained: 0,
      kernel: 2
    }
  ])
  expect([exitCode, stderr]).toEqual([0, ''])
})

test('--missing names the batches, how many frames they are, and since when', async () => {
  const next = { name: { sensor: 'tokyo', epoch: 'e2', lane: 0, number: 1 } }
  await apply(1, { ...next, observedFromMs: 1_700_000_090_000, closedAtMs: 1_700_000_100_000 })
  await store.trim('packets.enriched', 1, 7)

  const { stdout, exitCode } = await stormpetrel(['ledger', '--missing'], environment)

  const nothing = { place: null, from: null, to: null, frames: null, since: null, until: null }
  expect(parseLines(stdout)).toEqual([
    {
      kind: 'gap',
      sensor: 'tokyo',
      place: 'e1/0',
      from: 2,
      to: 3,
      frames: 20,
      since: '2023-11-14T22:13:20Z',
      until: '2023-11-14T22:14:20Z'
    },
    {
      ...nothing,
      kind: 'unobserved',
      sensor: 'tokyo',
      since: '2023-11-14T22:14:20Z',
      until: '2023-11-14T22:14:50Z'
    },
    { ...nothing, kind: 'lost-records', sensor: null, place: 'packets.enriched/1', from: 0, to: 6 }
  ])
  expect(exitCode).toBe(0)
})

test('frames that a sensor cannot explain end with exit code 1 and say how many', async () => {
  // It says that more frames are before its next batch than its last one ended with.
  await apply(5, { framesBefore: 50, closedAtMs: 1_700_000_120_000 })

  const { stderr, exitCode } = await stormpetrel(['ledger'], environment)

  expect([exitCode, stderr]).toEqual([1, 'stormpetrel: ledger: 7 frames of sensor tokyo are unexplained\n'])
})
