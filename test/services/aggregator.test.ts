import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import { MemoryStore } from '../../adapters/memory-store.ts'
import type { EnrichedBatch, RejectedRecord } from '../../core/batch/enriched-batch.ts'
import type { BusRecord, ConsumeOutcome, PartitionHandler } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { SlotOutcome, SlotRequest } from '../../core/store/count-store.ts'
import { Aggregator } from '../../services/aggregator/aggregator.ts'
import { AggregatorCounters } from '../../services/aggregator/metrics.ts'
import { slotOf } from '../../core/store/slot.ts'
import { enrichedBatch } from '../builders/batches.ts'

const SECONDS = 1_655_000_000
const DAY = { size: 'day', zone: 'UTC', startSeconds: SECONDS - (SECONDS % 86_400), vantage: 'all' } as const

/** A store that can lose the answer of a step which it has done. */
class ForgetfulStore extends MemoryStore {
  answersToLose = 0

  override async applySlot(request: SlotRequest): Promise<SlotOutcome> {
    const outcome = await super.applySlot(request)
    if (request.batches.length > 0 && this.answersToLose > 0) {
      this.answersToLose -= 1
      throw new StormpetrelError('SP_REDIS', 'connection lost')
    }
    return outcome
  }
}

class RejectedCollector implements PartitionHandler<RejectedRecord> {
  readonly seen: RejectedRecord[] = []
  assigned(): Promise<number> {
    return Promise.resolve(0)
  }
  begins(): Promise<void> {
    return Promise.reject(new Error('nothing is deleted here'))
  }
  records(_partition: number, records: readonly BusRecord<RejectedRecord>[]): Promise<ConsumeOutcome> {
    for (const { delivered } of records) if (delivered.kind === 'value') this.seen.push(delivered.value)
    return Promise.resolve({ kind: 'commit', nextOffset: records.at(-1)!.offset + 1 })
  }
  revoked(): void {
    // Nothing to give up.
  }
}

let bus: InProcessBus
let store: ForgetfulStore
let counters: AggregatorCounters
let aggregator: Aggregator
const failures: Error[] = []

function createAggregator(from: InProcessBus): Aggregator {
  return new Aggregator({
    bus: from,
    group: 'aggregator',
    store,
    flushIntervalMs: 5,
    flushPackets: 1000,
    counters,
    nowMs: Date.now,
    log: () => undefined,
    onFailure: (error) => failures.push(error)
  })
}

beforeEach(async () => {
  failures.length = 0
  bus = new InProcessBus({ partitions: 2, maxUnreadRecords: 1000, nowMs: Date.now })
  store = new ForgetfulStore()
  counters = new AggregatorCounters(true)
  aggregator = createAggregator(bus)
  await aggregator.start()
})

afterEach(async () => {
  await aggregator.stop()
  await bus.stop()
  expect(failures).toEqual([])
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue() && failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
}

async function publishAndWait(partition: number, batches: readonly EnrichedBatch[]): Promise<void> {
  await bus.publish('packets.enriched', partition, batches)
  while (aggregator.lagRecords() > 0 && failures.length === 0)
    await new Promise((resolve) => setTimeout(resolve, 1))
}

const packets = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ seconds: SECONDS, src: index + 1 }))

test('packets and sources of every batch are counted', async () => {
  await publishAndWait(0, [
    enrichedBatch(packets(10), { number: 1 }),
    enrichedBatch(packets(20), { number: 2 })
  ])

  expect((await store.packets(DAY)).get('all')).toBe(30)
  expect((await store.sources(DAY, ['all'])).get('all')).toBe(20)
  expect(counters.packets).toBe(30)
})

test('a batch that comes again, in the same flush or later, is counted once', async () => {
  const batch = enrichedBatch(packets(10), { number: 1 })
  await publishAndWait(0, [batch, batch, enrichedBatch(packets(5), { number: 2 })])
  await publishAndWait(0, [batch])

  expect((await store.packets(DAY)).get('all')).toBe(15)
  expect(counters.repeatedBatches).toBe(2)
})

test('a step whose answer was lost is asked for again, and counts once', async () => {
  store.answersToLose = 2
  await publishAndWait(0, [enrichedBatch(packets(10), { number: 1 })])

  expect((await store.packets(DAY)).get('all')).toBe(10)
  expect(counters.storeErrors).toBe(2)
  expect([counters.packets, counters.repeatedBatches]).toEqual([10, 0])
})

test('a name with other contents is not counted, and goes to packets.rejected', async () => {
  const collector = new RejectedCollector()
  const subscription = await bus.subscribe('packets.rejected', 'test', collector, (error) =>
    failures.push(error)
  )
  await publishAndWait(0, [enrichedBatch(packets(10), { number: 1 })])
  await publishAndWait(0, [enrichedBatch(packets(99), { number: 1, digest: 'other' })])
  await subscription.stop()

  expect((await store.packets(DAY)).get('all')).toBe(10)
  expect(counters.reusedNames).toBe(1)
  expect(collector.seen).toMatchObject([{ reason: 'name-reused', name: 'local|ab|0|1', offset: 1 }])
})

test('a name that was used twice is told once, however often the flush is tried', async () => {
  const collector = new RejectedCollector()
  const subscription = await bus.subscribe('packets.rejected', 'test', collector, (error) =>
    failures.push(error)
  )
  await publishAndWait(0, [enrichedBatch(packets(10), { number: 1 })])
  store.answersToLose = 2
  await publishAndWait(0, [
    enrichedBatch(packets(5), { number: 2 }),
    enrichedBatch(packets(99), { number: 2, digest: 'other' })
  ])
  await subscription.stop()

  expect(counters.reusedNames).toBe(1)
  expect(collector.seen).toHaveLength(1)
})

test('a batch number that cannot be kept is rejected, and the partition goes on', async () => {
  const wrong = enrichedBatch(packets(10), { name: { sensor: 'local', epoch: 'ab', lane: 0, number: 0 } })
  await publishAndWait(0, [wrong, enrichedBatch(packets(5), { number: 1 })])

  expect((await store.packets(DAY)).get('all')).toBe(5)
})

test('batches of several partitions go into one flush without loss', async () => {
  const first = Array.from({ length: 50 }, (_, index) => enrichedBatch(packets(3), { number: index + 1 }))
  const second = first.map((batch) => ({ ...batch, name: { ...batch.name, lane: 1 } }))
  await Promise.all([publishAndWait(0, first), publishAndWait(1, second)])

  expect((await store.packets(DAY)).get('all')).toBe(300)
})

test('records that were deleted before they were counted are told, and what is left is counted', async () => {
  await aggregator.stop()
  const late = new InProcessBus({ partitions: 1, maxUnreadRecords: 1000, nowMs: Date.now })
  // A topic that nobody reads keeps its newest records only.
  const batches = Array.from({ length: 600 }, (_, index) => enrichedBatch(packets(1), { number: index + 1 }))
  for (const batch of batches) await late.publish('packets.enriched', 0, [batch])
  aggregator = createAggregator(late)
  await aggregator.start()

  while (aggregator.lagRecords() > 0 && failures.length === 0)
    await new Promise((resolve) => setTimeout(resolve, 1))

  expect(counters.lostRecords).toBeGreaterThan(0)
  expect((await store.packets(DAY)).get('all')).toBe(600 - counters.lostRecords)
  expect(counters.rewinds).toBe(0)
})

test('offsets without records, such as the marks of transactions, are gone over', async () => {
  await publishAndWait(0, [enrichedBatch(packets(1), { number: 1 })])
  const record = {
    offset: 7,
    appendedAtMs: Date.now(),
    headerName: null,
    delivered: {
      kind: 'value' as const,
      value: enrichedBatch(packets(5), { number: 2 }),
      sizeBytes: 0
    }
  }

  expect(await aggregator.records(0, [record])).toEqual({ kind: 'commit', nextOffset: 8 })
  expect((await store.packets(DAY)).get('all')).toBe(6)
  expect(counters.rewinds).toBe(0)
})

/** Loses everything, and the answer, the first time that it is asked to count in its second slot. */
class LosingStore extends ForgetfulStore {
  #hasLost = false

  constructor() {
    super({ slots: 2 })
  }
  override async applySlot(request: SlotRequest): Promise<SlotOutcome> {
    if (this.#hasLost || request.slot === 0 || request.batches.length === 0)
      return await super.applySlot(request)
    this.#hasLost = true
    await this.clear()
    throw new StormpetrelError('SP_REDIS', 'connection lost')
  }
}

test('what a store lost of a flush that is still in hand is counted again, and told once', async () => {
  await aggregator.stop()
  store = new LosingStore()
  const fresh = new InProcessBus({ partitions: 1, maxUnreadRecords: 1000, nowMs: Date.now })
  const sensors = [0, 1].map((slot) => ['a', 'b', 'c', 'd', 'e'].find((id) => slotOf(id, 2) === slot)!)
  const batches = sensors.map((sensor) =>
    enrichedBatch(packets(10), { name: { sensor, epoch: 'ab', lane: 0, number: 1 } })
  )
  aggregator = createAggregator(fresh)
  await aggregator.start()
  await fresh.publish('packets.enriched', 0, batches)
  await until(() => counters.storeErrors > 0 && aggregator.lagRecords() === 0)

  expect((await store.packets(DAY)).get('all')).toBe(20)
  expect([counters.packets, counters.rewinds]).toEqual([20, 0])
})

/** Answers once that it is behind where it knows all that was counted, as after an answer that was lost. */
class DoubtingStore extends ForgetfulStore {
  doubts = 1

  override async applySlot(request: SlotRequest): Promise<SlotOutcome> {
    if (counters.packets === 0 || this.doubts === 0) return await super.applySlot(request)
    this.doubts -= 1
    return { kind: 'behind', partition: 0, storedOffset: await this.nextOffset('packets.enriched', 0) }
  }
}

test('reading again is a loss only where counts are gone', async () => {
  await aggregator.stop()
  store = new DoubtingStore()
  const fresh = new InProcessBus({ partitions: 1, maxUnreadRecords: 1000, nowMs: Date.now })
  aggregator = createAggregator(fresh)
  await aggregator.start()
  await fresh.publish('packets.enriched', 0, [enrichedBatch(packets(10), { number: 1 })])
  await until(() => counters.rewinds === 1)
  expect(counters.rewindsInDoubt).toBe(1)

  await store.clear()
  await until(() => counters.rewinds === 2)
  expect(counters.rewindsInDoubt).toBe(1)
  await until(() => counters.packets === 20)
  expect((await store.packets(DAY)).get('all')).toBe(10)
  await aggregator.stop()
  await fresh.stop()
})
