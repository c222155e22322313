import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { PACKET_FIELDS, packetValues } from '../../cli/output/packet-fields.ts'
import { tagIds } from '../../core/tags/rules.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import { enrichedBatch, rejectedRecord } from '../adapters/avro/random-batches.ts'
import { freshBus } from '../adapters/kafkajs/test-bus.ts'
import { sharedKafka, sharedRegistry } from '../stack/shared-stack.ts'
import { FOREIGN_READERS, readForeign } from './foreign-reader.ts'

/** Bits of the tags that there are. */
const KNOWN_TAGS = 0xfff

/** Batches with names of their own, and tags that rules have. */
function sampleBatches(): EnrichedBatch[] {
  return fc.sample(enrichedBatch, { numRuns: 60, seed: 4 }).map((batch, index) => {
    batch.packets.tags.forEach((bits, row) => {
      batch.packets.tags[row] = bits & KNOWN_TAGS
    })
    const rejected = batch.rejected.map((count, row) => ({ ...count, frames: row }))
    return { ...batch, rejected, name: { sensor: 'local', epoch: 'ab', lane: 0, number: index + 1 } }
  })
}

function recordsOf({ file, packets }: EnrichedBatch): Record<string, unknown>[] {
  return Array.from({ length: packets.length }, (_, row) => {
    const values = packetValues(file, packets, row)
    const record = Object.fromEntries(PACKET_FIELDS.map((field, index) => [field, values[index]]))
    return { ...record, tags: tagIds(packets.tags[row]!) }
  })
}

test('other clients read the same packets, all fields, and keep the first of a name', async () => {
  const [kafkaBrokers, registryUrl] = await Promise.all([sharedKafka(), sharedRegistry()])
  const { bus, topicPrefix } = await freshBus({ kafkaBrokers, registryUrl }, 2)
  const batches = sampleBatches()
  const rejected = fc.sample(rejectedRecord, { numRuns: 20, seed: 4 })
  await bus.publish('packets.enriched', 0, batches.slice(0, 30))
  await bus.publish('packets.enriched', 0, batches.slice(0, 5))
  await bus.publish('packets.enriched', 1, batches.slice(30))
  await bus.publish('packets.rejected', 1, rejected)
  await bus.stop()

  const source = { brokers: kafkaBrokers, registryUrl, topicPrefix }
  const [byConfluent, byFastavro] = await Promise.all(
    FOREIGN_READERS.map((reader) => readForeign(reader, source))
  )

  const expected = batches.flatMap(recordsOf)
  expect(expected.length).toBeGreaterThan(200)
  expect(byConfluent!.slice(0, expected.length)).toEqual(expected)
  expect(byConfluent!.slice(expected.length)).toEqual(
    rejected.map(({ file, frame, reason }) =>
      expect.objectContaining({ file, frame, src: null, rejected: reason })
    )
  )
  expect(byFastavro).toEqual(byConfluent)
}, 300_000)
