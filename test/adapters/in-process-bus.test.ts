import { expect, test } from '@jest/globals'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { BusRecord, ConsumeOutcome, PartitionHandler } from '../../core/bus.ts'

function batch(number: number): RawBatch {
  return {
    name: { sensor: 'local', epoch: 'ab', lane: 0, number },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: 0,
    packets: 0,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    capture: new Uint8Array(0),
    file: null,
    frames: [],
    refused: []
  }
}

class Collector implements PartitionHandler<RawBatch> {
  readonly seen: number[] = []
  start: number | 'committed' = 'committed'
  /** Offsets at which to answer once with a seek back. */
  readonly seeks = new Map<number, number>()
  #wanted = 0
  #resolve: () => void = () => undefined

  assigned(): Promise<number | 'committed'> {
    return Promise.resolve(this.start)
  }

  records(_partition: number, records: readonly BusRecord<RawBatch>[]): Promise<ConsumeOutcome> {
    for (const { delivered, offset } of records) {
      if (delivered.kind === 'value') this.seen.push(delivered.value.name.number)
      const back = this.seeks.get(offset)
      if (back !== undefined) {
        this.seeks.delete(offset)
        return Promise.resolve({ kind: 'seek', offset: back })
      }
    }
    if (this.seen.length >= this.#wanted) this.#resolve()
    return Promise.resolve({ kind: 'commit', nextOffset: records.at(-1)!.offset + 1 })
  }

  revoked(): void {
    // Nothing to give up.
  }

  until(count: number): Promise<void> {
    this.#wanted = count
    return new Promise((resolve) => {
      this.#resolve = resolve
      if (this.seen.length >= count) resolve()
    })
  }
}

function createBus(): InProcessBus {
  return new InProcessBus({ partitions: 2, maxUnreadRecords: 8, nowMs: () => 1000 })
}

const unexpected = (error: Error) => {
  throw error
}

test('a partition keeps its order, and a publisher waits for a slow reader without losing anything', async () => {
  const bus = createBus()
  const collector = new Collector()
  const subscription = await bus.subscribe('packets.raw', 'group', collector, unexpected)

  for (let number = 1; number <= 500; number++) await bus.publish('packets.raw', 0, [batch(number)])
  await collector.until(500)
  await subscription.stop()

  expect(collector.seen).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
  expect(subscription.lagRecords()).toBe(0)
})

test('a seek answered by the handler gives the records again from there', async () => {
  const bus = createBus()
  const collector = new Collector()
  collector.seeks.set(2, 1)
  const subscription = await bus.subscribe('packets.raw', 'group', collector, unexpected)

  await bus.publish('packets.raw', 0, [batch(1), batch(2), batch(3), batch(4)])
  await collector.until(6)
  await subscription.stop()

  expect(collector.seen).toEqual([1, 2, 3, 2, 3, 4])
})

test('every group reads everything', async () => {
  const bus = createBus()
  const collectors = [new Collector(), new Collector()]
  const subscriptions = [
    await bus.subscribe('packets.raw', 'first', collectors[0]!, unexpected),
    await bus.subscribe('packets.raw', 'second', collectors[1]!, unexpected)
  ]

  await bus.publish('packets.raw', 1, [batch(1), batch(2)])
  await Promise.all(collectors.map((collector) => collector.until(2)))
  for (const subscription of subscriptions) await subscription.stop()

  expect(collectors.map(({ seen }) => seen)).toEqual([
    [1, 2],
    [1, 2]
  ])
})

test('a handler that fails ends its consumer and says so', async () => {
  const bus = createBus()
  const failing = new Collector()
  failing.records = () => Promise.reject(new Error('disk is full'))
  const failed = new Promise<Error>((resolve) => {
    void bus.subscribe('packets.raw', 'group', failing, resolve)
  })

  await bus.publish('packets.raw', 0, [batch(1)])

  expect((await failed).message).toBe('disk is full')
})
