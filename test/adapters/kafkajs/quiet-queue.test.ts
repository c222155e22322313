import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { installQuietQueue } from '../../../adapters/kafkajs/quiet-queue.ts'
import { packageRoot } from '../../../adapters/package-root.ts'

interface Queue {
  throttleCheckTimeoutId: unknown
  push: (request: object) => void
  fulfillRequest: (answer: object) => void
  maybeThrottle: (forMs: number) => void
  destroy: () => void
}

const require = createRequire(join(packageRoot(), 'package.json'))
const RequestQueue = require('kafkajs/src/network/requestQueue') as new (options: object) => Queue

function openQueue(): { queue: Queue; sent: number[]; push: (correlationId: number) => void } {
  const queue = new RequestQueue({
    instrumentationEmitter: null,
    maxInFlightRequests: 1,
    requestTimeout: 10_000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger: { debug: () => undefined },
    isConnected: () => true
  })
  const sent: number[] = []
  const push = (correlationId: number): void =>
    queue.push({
      entry: { apiKey: 0, apiName: 'a', apiVersion: 1, correlationId, resolve: () => undefined },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId)
    })
  return { queue, sent, push }
}

test('a queue in which nothing waits sets no timer', () => {
  installQuietQueue()
  const { queue, sent, push } = openQueue()
  push(1)
  expect(sent).toEqual([1])
  expect(queue.throttleCheckTimeoutId).toBeNull()
  queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
  expect(queue.throttleCheckTimeoutId).toBeNull()
})

test('what was held back is sent when there is room for it, and when brokers want no more for a while', async () => {
  installQuietQueue()
  const { queue, sent, push } = openQueue()
  push(1)
  push(2)
  expect(sent).toEqual([1])
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
  queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
  expect(sent).toEqual([1, 2])
  queue.fulfillRequest({ correlationId: 2, payload: null, size: 0 })
  queue.maybeThrottle(60)
  push(3)
  expect(sent).toEqual([1, 2])
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(sent).toEqual([1, 2, 3])
  queue.destroy()
})
