// What could not be used, in the words of schemas/packets.rejected.avsc, and back.
import type { RejectedRecord } from '../../core/batch/enriched-batch.ts'
import { knownReason } from '../../core/packets/reject-reason.ts'
import { asBuffer } from './raw-value.ts'

interface AvroRejected {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly name: string | null
  readonly file: string | null
  readonly frame: number
  readonly reason: string
  readonly bytes: Uint8Array
  readonly length_bytes: number
  readonly sha256: string
}

/** A rejected record in the schema's words. */
export function rejectedToAvro(record: RejectedRecord): AvroRejected {
  const { lengthBytes, bytes, ...rest } = record
  return { ...rest, bytes: asBuffer(bytes), length_bytes: lengthBytes }
}

/** A record in core's words. */
export function rejectedFromAvro(value: unknown): RejectedRecord {
  const record = value as AvroRejected
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    name: record.name,
    file: record.file,
    frame: record.frame,
    reason: knownReason(record.reason),
    bytes: record.bytes,
    lengthBytes: record.length_bytes,
    sha256: record.sha256
  }
}
