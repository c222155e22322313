import { expect, test } from '@jest/globals'
import { AvroCodec } from '../../../adapters/avro-codec.ts'
import { SPOOLED_BATCH_LIMITS } from '../../../core/batch/batcher.ts'
import { type DeclaredLoss, MAX_BATCH_BYTES, MAX_DECLARED_LOSSES } from '../../../core/batch/raw-batch.ts'
import { numberedBatch } from '../kafkajs/test-bus.ts'

test('a batch with as many losses as it may declare keeps within the bound of all batches', () => {
  const codec = new AvroCodec('packets.raw', 1)
  const loss: DeclaredLoss = {
    epoch: 'f'.repeat(64),
    lane: 99_999,
    from: 2 ** 31,
    to: 2 ** 31,
    frames: 2 ** 52,
    kind: 'spool-drop'
  }
  const declaredLosses = Array.from({ length: MAX_DECLARED_LOSSES }, () => loss)

  const lossBytes =
    codec.encode({ ...numberedBatch(1), declaredLosses }).length - codec.encode(numberedBatch(1)).length

  expect(SPOOLED_BATCH_LIMITS.sizeBytes + lossBytes).toBeLessThanOrEqual(MAX_BATCH_BYTES)
})
