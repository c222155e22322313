import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { InProcessBus } from '../../../adapters/in-process-bus.ts'
import type { EnrichedBatch } from '../../../core/batch/enriched-batch.ts'
import { Console } from '../../../services/console/console.ts'
import { HttpServer } from '../../../services/http/http-server.ts'
import { enrichedBatch } from '../../builders/batches.ts'

let nowMs: number
let bus: InProcessBus
let page: Console
let server: HttpServer
const failures: Error[] = []

beforeEach(async () => {
  nowMs = 1_700_000_000_000
  failures.length = 0
  bus = new InProcessBus({ partitions: 1, maxUnreadRecords: 1000, nowMs: () => nowMs })
  const state = { what: 'a test', notes: [] }
  page = new Console({
    bus,
    state: () => state,
    nowMs: () => nowMs,
    onFailure: (error) => failures.push(error)
  })
  await page.start()
  server = new HttpServer({ host: '127.0.0.1', port: 0, routes: await page.routes() })
  await server.start()
})

afterEach(async () => {
  await server.stop()
  await page.stop()
  await bus.stop()
  expect(failures).toEqual([])
})

/** A batch of so many packets. */
function batchOf(count: number, number: number, epoch = 'ab'): EnrichedBatch {
  const packets = Array.from({ length: count }, (_, row) => ({ seconds: 5, src: row }))
  return enrichedBatch(packets, { name: { sensor: 'local', epoch, lane: 0, number } })
}

async function summary(): Promise<Record<string, unknown>> {
  return (await (await fetch(`${server.url}/api/summary`)).json()) as Record<string, unknown>
}

/** Publishes, and resolves when the page has it. */
async function show(...batches: readonly EnrichedBatch[]): Promise<void> {
  await bus.publish('packets.enriched', 0, batches)
  const read = new Promise<void>((resolve) => {
    const look = (): void => {
      if (page.lagRecords() === 0) resolve()
      else setImmediate(look)
    }
    look()
  })
  await read
}

test('packets a second are the mean over the five whole seconds before this one', async () => {
  let number = 0
  for (let second = 0; second < 8; second++) {
    await show(batchOf(100, ++number))
    nowMs += 1000
  }
  nowMs += 900
  await show(batchOf(60, ++number))

  expect((await summary())['packetsPerSecond']).toBe(100)
  nowMs += 1000
  expect((await summary())['packetsPerSecond']).toBe((4 * 100 + 60) / 5)
})

test('a name is shown once, however often it comes', async () => {
  await show(batchOf(10, 1), batchOf(20, 2), batchOf(20, 2))
  await show(batchOf(10, 1), batchOf(40, 3), batchOf(5, 1, 'cd'))

  expect((await summary())['packets']).toBe(75)
})
