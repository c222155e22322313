import { expect, test } from '@jest/globals'
import { InProcessBus } from '../../adapters/in-process-bus.ts'
import type { TaggingWorld } from '../../core/tagging/tag-record.ts'
import { taggerReadings } from '../../services/metrics/readings.ts'
import { TaggerCounters } from '../../services/tagger/metrics.ts'
import { Tagger } from '../../services/tagger/tagger.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import { MAX_BATCH_FRAMES, type RawBatch } from '../../core/batch/raw-batch.ts'
import type { BusRecord, TopicName } from '../../core/bus.ts'
import { rawBatch, rawRecord, taggingWorld } from '../builders/raw-batches.ts'

test('records that were deleted before they were tagged are counted as lost', async () => {
  const counters = new TaggerCounters(true)
  const tagger = new Tagger({
    bus: new InProcessBus({ partitions: 1, maxUnreadRecords: 1, nowMs: Date.now }),
    group: 'tagger',
    world: {} as TaggingWorld,
    counters,
    nowMs: Date.now,
    log: () => undefined,
    onFailure: () => undefined
  })

  await tagger.begins(0, 12, 5)
  await tagger.begins(1, 3, 0)

  const lost = taggerReadings(counters, 0).filter(({ name }) => name === 'stormpetrel_lost_records_total')
  expect(lost).toEqual([{ name: 'stormpetrel_lost_records_total', value: 10, labels: { service: 'tagger' } }])
})

/** Forty batches of a few packets, numbered from `first`. */
function fortyRecords(first: number): BusRecord<RawBatch>[] {
  return Array.from({ length: 40 }, (_, i) => {
    const name = { sensor: 'local', epoch: 'ab', lane: 0, number: first + i }
    return rawRecord(rawBatch({ name }), { offset: first + i })
  })
}

test('a call of many small batches takes no more memory for each than it needs', async () => {
  const sent: EnrichedBatch[] = []
  /** Values are copied when they are published, so the tagger may use its columns again. */
  class CopyingBus extends InProcessBus {
    override readonly copiesValues = true
    override publish(topic: TopicName, _partition: number, values: readonly object[]): Promise<number> {
      if (topic === 'packets.enriched') sent.push(...(values as EnrichedBatch[]))
      return Promise.resolve(0)
    }
  }
  const counters = new TaggerCounters(true)
  const tagger = new Tagger({
    bus: new CopyingBus({ partitions: 1, maxUnreadRecords: 1, nowMs: Date.now }),
    group: 'tagger',
    world: taggingWorld(),
    counters,
    nowMs: Date.now,
    log: () => undefined,
    onFailure: () => undefined
  })
  await tagger.records(0, fortyRecords(1))
  const columns = sent.map(({ packets }) => packets)
  expect(columns.filter(({ capacity }) => capacity === MAX_BATCH_FRAMES).length).toBe(32)
  expect(columns.slice(32).every(({ capacity }) => capacity < 100)).toBe(true)

  sent.length = 0
  await tagger.records(0, fortyRecords(41))
  // The same ones again, and not one more.
  expect(new Set([...columns.slice(0, 32), ...sent.slice(0, 32).map(({ packets }) => packets)]).size).toBe(32)
})
