// A connection that has nothing to do does nothing, and one whose requests have to wait sends them all.
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { installRequestQueue, type RequestQueue } from '../../../adapters/kafkajs/request-queue.ts'
import { sharedStack } from '../../stack/shared-stack.ts'

interface Queue extends RequestQueue {
  checkPendingRequests: (this: Queue) => void
}

const { prototype } = createRequire(__filename)('kafkajs/src/network/requestQueue') as { prototype: Queue }
const original = prototype.checkPendingRequests
let looks = 0

beforeAll(() => installRequestQueue())
afterEach(() => {
  prototype.checkPendingRequests = original
})

function countLooks(): void {
  looks = 0
  prototype.checkPendingRequests = function counted(): void {
    looks += 1
    original.call(this)
  }
}

test('an idle connection is left alone', async () => {
  const { kafkaBrokers } = await sharedStack()
  const admin = new Kafka({ brokers: [...kafkaBrokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.listTopics()
  countLooks()
  await delay(500)
  expect(looks).toBeLessThan(5)
  await admin.disconnect()
})

test('requests beyond what may be in flight are sent in their turn', async () => {
  const { kafkaBrokers } = await sharedStack()
  const kafka = new Kafka({ brokers: [...kafkaBrokers], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const admin = kafka.admin()
  await admin.connect()
  countLooks()
  const answers = await Promise.all(Array.from({ length: 200 }, () => admin.describeCluster()))
  expect(answers.every(({ brokers }) => brokers.length > 0)).toBe(true)
  expect(looks).toBeGreaterThan(0)
  await admin.disconnect()
})
