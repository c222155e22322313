// The bytes of a whole capture file to the reader, the batcher and the tagger.
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BatchCheck } from './batch-check.ts'
import { checkAsBatch } from './hostile-batch.ts'
import { accountBytes, ByteTotals } from './byte-account.ts'
import { type FeatureMap, magnitude } from './feature-map.ts'
import { SeededRandom } from './random.ts'
import { ChunkMemory, mostChunkBytes, readChunked, ReadFrames, readWhole } from './read-frames.ts'
import type { Subject } from './subject.ts'
import { BrokenPromise, type Target } from './target.ts'

/** What reading may allocate, garbage included: some for any input, and some for each of its bytes. */
const BASE_BYTES = 1024 * 1024
const BYTES_PER_INPUT_BYTE = 64
/** Memory is measured for one input in so many: asking takes as long as reading a small capture. */
const MEASURED_ONE_IN = 4
const MEASURED_CHUNK_BYTES = 512

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/**
 * Promises: nothing but StormpetrelError is thrown; every byte is accounted for; how the bytes are split changes
 * neither frames nor batches nor the error; every frame gives one record, a packet as the decoder alone reads it or a
 * known reason; what a batch keeps is read again without loss; as the contents of somebody's batch the bytes give as
 * many records as it says; and reading allocates no more than its bound.
 */
export class CaptureTarget implements Target {
  readonly name = 'capture'
  readonly totals = new ByteTotals()
  /** The most that reading one input allocated, over what the bound allows. */
  mostOfMemoryBound = 0
  readonly #subject: Subject
  readonly #batches: readonly [BatchCheck, BatchCheck]
  readonly #frames = new ReadFrames()
  readonly #memory = new ChunkMemory()

  constructor(subject: Subject) {
    this.#subject = subject
    this.#batches = [new BatchCheck(subject, false), new BatchCheck(subject, true)]
  }

  check(seed: number, bytes: Uint8Array, start: number, end: number, features: FeatureMap): void {
    const frames = this.#frames
    const piece = bytes.subarray(start, end)
    if ((seed >>> 1) % MEASURED_ONE_IN === 0) this.#measureMemory(piece)
    const batches = this.#batches[(seed & 1) as 0 | 1]
    batches.reset()
    readWhole(this.#subject, piece, frames, (frame) => {
      if (frame.bytes !== piece) throw new BrokenPromise('a chunk is used where it lies', 'a copy was made')
      batches.take(frame, features)
    })
    const before = this.totals.sum
    accountBytes(
      new DataView(bytes.buffer, bytes.byteOffset + start, end - start),
      frames,
      this.totals,
      features
    )
    if (this.totals.sum - before !== piece.length) {
      throw new BrokenPromise('every byte is accounted for', `${this.totals.sum - before} of ${piece.length}`)
    }

    let index = 0
    const random = new SeededRandom(seed)
    const most = mostChunkBytes(piece.length, random)
    const error = readChunked(this.#subject, piece, random, most, this.#memory, (frame) =>
      batches.takeChunked(frame, index++)
    )
    if (index !== frames.count) {
      throw new BrokenPromise('splitting into chunks changes nothing', `${index} of ${frames.count} frames`)
    }
    if (error?.message !== frames.error?.message) {
      throw new BrokenPromise(
        'splitting into chunks changes nothing',
        `whole: ${frames.error?.message ?? 'sound'}; in chunks: ${error?.message ?? 'sound'}`
      )
    }
    batches.finish(features)
    checkAsBatch(piece, random, features)
    this.#note(piece, features)
  }

  /**
   * Reads twice more, and only reads. The least of three tries counts: V8's own work allocates too. Before the second
   * and third the heap is rid of garbage, or its collection would hide what they allocate; the first collection only
   * begins to give array buffers back, the next one sees that they are gone.
   */
  #measureMemory(piece: Uint8Array): void {
    const allowed = BASE_BYTES + BYTES_PER_INPUT_BYTE * piece.length
    let least = this.#allocatedBytes(piece)
    for (let left = 2; left > 0 && least > allowed; left--) {
      collectGarbage()
      collectGarbage()
      least = Math.min(least, this.#allocatedBytes(piece))
    }
    this.mostOfMemoryBound = Math.max(this.mostOfMemoryBound, least / allowed)
    if (least > allowed) {
      throw new BrokenPromise('memory is bounded by the input', `${least} bytes for ${piece.length}`)
    }
  }

  /** Garbage included, unless it is collected in between: that hides some of it, never all of many inputs. */
  #allocatedBytes(piece: Uint8Array): number {
    const random = new SeededRandom(piece.length)
    const before = heapBytes()
    readWhole(this.#subject, piece, this.#frames, ignore)
    readChunked(this.#subject, piece, random, MEASURED_CHUNK_BYTES, this.#memory, ignore)
    return heapBytes() - before
  }

  #note(piece: Uint8Array, features: FeatureMap): void {
    const { error, count } = this.#frames
    const isKnown = error?.code !== 'SP_CAPTURE_UNKNOWN' && piece.length >= 4
    const kind = isKnown ? (piece[0]! << 16) | (piece[1]! << 8) | piece[2]! : 0
    features.add(10, kind, error === null ? 0 : hashOf(error.message))
    features.add(11, kind, magnitude(count), error === null ? 0 : 1)
  }
}

function heapBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

function ignore(): void {
  // Only reading is measured.
}

/** Of a message without what is different in each: numbers, and the names of link types. */
function hashOf(message: string): number {
  const plain = message.replaceAll(/0x[0-9a-f]+|the bytes .*|\d+|\(.*?\)/g, '')
  let hash = 0
  for (let i = 0; i < plain.length; i++) hash = Math.imul(hash ^ plain.charCodeAt(i), 0x01000193)
  return hash
}
