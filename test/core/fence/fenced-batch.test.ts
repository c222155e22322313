import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { EnrichedBatch } from '../../../core/batch/enriched-batch.ts'
import { fencedBatch } from '../../../core/fence/fenced-batch.ts'
import { checkSlotRequest } from '../../../core/fence/slot-request.ts'
import { AvroCodec } from '../../../adapters/avro-codec.ts'
import { isBatchNumber } from '../../../core/batch/name.ts'
import { enrichedBatch as anyBatch } from '../../adapters/avro/random-batches.ts'
import { enrichedBatch } from '../../builders/batches.ts'

const SECONDS = 1_655_000_000

function live(over: Partial<EnrichedBatch>, packets = [{ seconds: SECONDS, src: 1 }]): EnrichedBatch {
  return {
    ...enrichedBatch(packets, { number: 1 }),
    file: null,
    epochStartedMs: 5,
    closedAtMs: 9000,
    ...over
  }
}

test('whatever a message decodes to, the fence can keep: no batch stops a store for ever', () => {
  const codec = new AvroCodec('packets.enriched', 1)
  const change = fc.record({ at: fc.nat(), to: fc.nat(255) })
  fc.assert(
    fc.property(anyBatch, fc.array(change, { maxLength: 4 }), (batch, changes) => {
      const bytes = codec.encode(batch)
      for (const { at, to } of changes) bytes[5 + (at % (bytes.length - 5))] = to
      const decoded = codec.decode(bytes)
      if (decoded.kind !== 'value' || !isBatchNumber(decoded.value.name.number)) return

      const fenced = fencedBatch(decoded.value, Date.now())

      expect(() =>
        checkSlotRequest({ slot: 0, spans: [], batches: [fenced], known: [], counts: [], sources: [] }, 1)
      ).not.toThrow()
    }),
    { numRuns: 500 }
  )
})

test('a batch of an interface tells when its epoch began, one of a file does not', () => {
  expect(fencedBatch(live({}), 0).observedFromMs).toBe(5)
  expect(fencedBatch(live({ file: 'a.pcap' }), 0).observedFromMs).toBeNull()
})

test('a live batch without packets moves the watermark to when it was closed, never past the append time', () => {
  const empty = live({ closedAtMs: SECONDS * 1000 }, [])

  expect(fencedBatch(empty, (SECONDS + 5) * 1000).watermarkSeconds).toBe(SECONDS)
  expect(fencedBatch(empty, (SECONDS - 5) * 1000).watermarkSeconds).toBe(SECONDS - 5)
  expect(fencedBatch({ ...empty, file: 'a.pcap' }, (SECONDS + 5) * 1000).watermarkSeconds).toBe(0)
})
