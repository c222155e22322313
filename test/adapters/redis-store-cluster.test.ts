// The store on a real Redis Cluster of six nodes: the same suite, every script of it, and a master that dies.
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { RedisStore } from '../../adapters/redis-store.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { type RedisCluster, startRedisCluster } from '../../tools/stack/redis-cluster.ts'
import { countPart } from '../builders/counts.ts'
import { applyTo, batch, describeCountStore, span, window } from './count-store-suite.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})

afterAll(() => cluster.stop())

function storeOf(namespace = `test:${randomUUID()}`): RedisStore {
  return new RedisStore({
    url: cluster.url,
    namespace,
    dayZones: [],
    retention: null,
    commandTimeoutMs: 2000
  })
}

describeCountStore('the Redis store on a cluster', (retention) =>
  Promise.resolve(
    new RedisStore({ url: cluster.url, namespace: `test:${randomUUID()}`, dayZones: [], retention })
  )
)

test('slots lie on every master, and a master that dies costs no count that its replica has', async () => {
  const store = storeOf()
  await store.start()
  const sensors = Array.from({ length: 40 }, (_, i) => `sensor-${i}`)
  for (const sensor of sensors)
    await applyTo(store, sensor, { batches: [batch(sensor, 1)], counts: [countPart(0, sensor, { all: 10 })] })
  expect((await store.packets(window('hour', 0))).get('all')).toBe(400)
  // What its replica does not have yet when it dies would be read again: here all of it is to be there.
  await setTimeout(500)

  await cluster.nodes[0]!.kill9()
  const again = await untilAnswered(async () => {
    const outcomes = []
    for (const sensor of sensors) {
      const part = {
        batches: [batch(sensor, 1)],
        counts: [countPart(0, sensor, { all: 10 })],
        spans: [span(0, 0)]
      }
      outcomes.push(await applyTo(store, sensor, part))
    }
    return outcomes
  })

  expect(new Set(again.map(({ kind }) => kind))).toEqual(new Set(['seen']))
  expect((await untilAnswered(() => store.packets(window('hour', 0)))).get('all')).toBe(400)
  await store.stop()
})

/** Repeats while the cluster votes. */
async function untilAnswered<T>(action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof StormpetrelError) || error.code !== 'SP_REDIS') throw error
      await setTimeout(200)
    }
  }
}
