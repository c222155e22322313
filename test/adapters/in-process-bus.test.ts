import { describe, expect, test } from '@jest/globals'
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
  /** What `begins` was told. */
  readonly begun: { partition: number; offset: number; wanted: number }[] = []
  #wanted = 0
  #resolve: () => void = () => undefined

  assigned(): Promise<number | 'committed'> {
    return Promise.resolve(this.start)
  }

  begins(partition: number, offset: number, wanted: number): Promise<void> {
    this.begun.push({ partition, offset, wanted })
    return Promise.resolve()
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

/** A partition whose records below 64 are dropped, since a group has read them. */
async function trimmedBus(): Promise<InProcessBus> {
  const bus = createBus()
  const first = new Collector()
  const subscription = await bus.subscribe('packets.raw', 'first', first, unexpected)
  for (let number = 1; number <= 70; number++) await bus.publish('packets.raw', 0, [batch(number)])
  await first.until(70)
  await bus.publish('packets.raw', 0, [batch(71)])
  await first.until(71)
  await subscription.stop()
  return bus
}

describe('a log that starts later than what is wanted', () => {
  test('is told to the handler, which then gets what is left: when assigned, and after a seek of either kind', async () => {
    const bus = await trimmedBus()
    const collector = new Collector()
    collector.start = 5
    collector.seeks.set(70, 3)
    const subscription = await bus.subscribe('packets.raw', 'second', collector, unexpected)

    await collector.until(1)
    const start = collector.begun[0]!.offset
    const left = 71 - start
    await collector.until(2 * left)
    subscription.seek(0, 4)
    await collector.until(3 * left)
    await subscription.stop()

    expect(start).toBeGreaterThanOrEqual(64)
    expect(collector.begun).toEqual([5, 3, 4].map((wanted) => ({ partition: 0, offset: start, wanted })))
    const numbers = Array.from({ length: left }, (_, index) => start + 1 + index)
    expect(collector.seen).toEqual([...numbers, ...numbers, ...numbers])
  })

  test('says nothing to a group that has wanted nothing yet', async () => {
    const bus = await trimmedBus()
    const collector = new Collector()
    const subscription = await bus.subscribe('packets.raw', 'second', collector, unexpected)
    await collector.until(1)
    await subscription.stop()

    expect(collector.begun).toEqual([])
    expect(collector.seen[0]).toBeGreaterThan(64)
  })
})

test('an offset above the end of the log ends the consumer, which says so once', async () => {
  const bus = createBus()
  await bus.publish('packets.raw', 0, [batch(1)])
  const collector = new Collector()
  collector.start = 2
  const failures: Error[] = []

  const failed = new Promise<void>((resolve) => {
    void bus.subscribe('packets.raw', 'group', collector, (error) => resolve(void failures.push(error)))
  })
  await failed

  expect(failures).toMatchObject([
    {
      code: 'SP_TOPIC',
      message: expect.stringMatching(/^partition \d of packets\.raw: offset 2 .* ends at [01];/)
    }
  ])
  expect(collector.seen).toEqual([])
})

test('the handler has no records before the subscription is returned', async () => {
  const bus = createBus()
  await bus.publish('packets.raw', 0, [batch(1)])
  const collector = new Collector()
  let isReturned = false
  const early: boolean[] = []
  const records = collector.records.bind(collector)
  collector.records = (partition, all) => {
    early.push(!isReturned)
    return records(partition, all)
  }

  const subscription = await bus.subscribe('packets.raw', 'group', collector, unexpected)
  isReturned = true
  await collector.until(1)
  await subscription.stop()

  expect(early).toEqual([false])
})
