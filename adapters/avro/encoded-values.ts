// Values that are sent on as they were read: a batch from the spool is the same bytes on packets.raw but for the schema's id, and
// to write its Avro anew takes 100 ns a packet of a sensor, most of it for fresh memory.
import type { RawBatch } from '../../core/batch/raw-batch.ts'

const encodedValues = new WeakMap<RawBatch, Buffer>()

/**
 * Notes which bytes a batch was read from, its schema's id included; whoever sends it may write another id into them. They must
 * be of the newest schema of packets.raw, and stay as they are.
 */
export function keepEncoded(batch: RawBatch, bytes: Buffer): void {
  encodedValues.set(batch, bytes)
}

/** The bytes of a batch where they were kept. */
export function encodedValueOf(batch: object): Buffer | undefined {
  return encodedValues.get(batch as RawBatch)
}
