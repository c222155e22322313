// What a log is in Redis: an id that changes with every append, then frames, each as an aggregator wrote it. A log that
// nothing is appended to any more is deflated (RFC 1951).
import { randomBytes } from 'node:crypto'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { PackedNumbersError } from '../../core/packed-numbers.ts'

/** Bytes in front of every log that tell it from the one that was there before: a log that changed has others. */
const ID_BYTES = 8
/** Its kind, and the length of what follows, little-endian. */
const FRAME_HEADER_BYTES = 5
const PLAIN = 0
const DEFLATED = 1
/** Larger than the largest log that is rewritten as one frame. */
const MAX_INFLATED_BYTES = 2 ** 30

/** Something that adds up logs: CountTable or SourceTable. */
interface Mergeable {
  merge(log: Uint8Array): void
}

/** A log as it was read, and what tells whether it is still the same. */
export interface ReadLog {
  readonly sizeBytes: number
  readonly id: Buffer
}

/** An id for an append. */
export function newLogId(): Buffer {
  return randomBytes(ID_BYTES)
}

/** What scripts compare. */
export function identityOf(stored: Buffer): ReadLog {
  return { sizeBytes: stored.length, id: stored.subarray(0, ID_BYTES) }
}

/** A frame to append. */
export function plainFrame(log: Uint8Array): Buffer {
  return frame(PLAIN, log)
}

/** A frame of a log that is kept: about half the size, at some 10 ns a byte. */
export function deflatedFrame(log: Uint8Array): Buffer {
  return frame(DEFLATED, deflated(log))
}

function frame(kind: number, bytes: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes.length)
  framed[0] = kind
  framed.writeUInt32LE(bytes.length, 1)
  framed.set(bytes, FRAME_HEADER_BYTES)
  return framed
}

/** Adds every frame of a stored log. Throws PackedNumbersError where its bytes are none. */
export function mergeStored(stored: Buffer, into: Mergeable): void {
  if (stored.length < ID_BYTES) throw new PackedNumbersError(`a log of ${stored.length} bytes`)
  let at = ID_BYTES
  while (at < stored.length) {
    const start = at + FRAME_HEADER_BYTES
    const end = start <= stored.length ? start + stored.readUInt32LE(at + 1) : Number.POSITIVE_INFINITY
    if (end > stored.length) throw new PackedNumbersError(`a frame is longer than its log, at byte ${at}`)
    into.merge(contents(stored[at]!, stored.subarray(start, end)))
    at = end
  }
}

function contents(kind: number, bytes: Buffer): Uint8Array {
  if (kind === PLAIN) return bytes
  if (kind === DEFLATED) return inflated(bytes)
  throw new PackedNumbersError(`a frame of kind ${kind}`)
}

/** Shorter: small numbers hardly ever repeat in runs, so runs are looked for little. */
export function deflated(bytes: Uint8Array): Buffer {
  return deflateRawSync(bytes, { strategy: constants.Z_FILTERED })
}

/** What was deflated. Throws PackedNumbersError where nothing was, or more than there can be. */
export function inflated(bytes: Buffer, mostBytes = MAX_INFLATED_BYTES): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: mostBytes })
  } catch (error) {
    throw new PackedNumbersError(`deflated bytes are none: ${String(error)}`)
  }
}
