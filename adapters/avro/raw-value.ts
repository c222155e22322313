// A raw batch in the words of schemas/packets.raw.avsc, and back.
import type { RawBatch, RefusedFrame } from '../../core/batch/raw-batch.ts'
import { knownFrameReason } from '../../core/packets/reject-reason.ts'
import { type AvroHead, headFromAvro, headToAvro, UnusableValueError } from './batch-head.ts'

interface AvroRaw extends AvroHead {
  readonly packets: number
  readonly capture: Uint8Array
  readonly frames: ArrayLike<number>
  readonly refused: readonly AvroRefused[]
}

interface AvroRefused {
  readonly frame: number
  readonly link_type: number
  readonly reason: string
  readonly bytes: Uint8Array
  readonly length_bytes: number
}

/** A batch in the schema's words. Bytes are views into the batch: encode before that is used again. */
export function rawToAvro(batch: RawBatch): AvroRaw {
  return {
    ...headToAvro(batch),
    packets: batch.packets,
    capture: asBuffer(batch.capture),
    frames: batch.frames,
    refused: batch.refused.map((frame) => ({
      frame: frame.frame,
      link_type: frame.linkType,
      reason: frame.reason,
      bytes: asBuffer(frame.bytes),
      length_bytes: frame.lengthBytes
    }))
  }
}

/** Throws UnusableValueError where the value is no raw batch. Bounds and clock are the tagger's to judge. */
export function rawFromAvro(value: unknown): RawBatch {
  const raw = value as AvroRaw
  // A copy: the column is good until the next value is read.
  const frames = new Float64Array(raw.frames)
  for (let i = 0; i < frames.length; i++) {
    if (!(frames[i]! >= 0 && frames[i]! <= Number.MAX_SAFE_INTEGER))
      throw new UnusableValueError('not-avro', 'a frame number below 0')
  }
  if (raw.packets < 0) throw new UnusableValueError('not-avro', 'a packet count below 0')
  return {
    ...headFromAvro(raw),
    packets: raw.packets,
    capture: raw.capture,
    frames,
    refused: raw.refused.map(refusedFromAvro)
  }
}

function refusedFromAvro(frame: AvroRefused): RefusedFrame {
  return {
    frame: frame.frame,
    linkType: frame.link_type,
    reason: knownFrameReason(frame.reason),
    bytes: frame.bytes,
    lengthBytes: frame.length_bytes
  }
}

/** avsc writes bytes by Buffer's own copy; this is a view, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
