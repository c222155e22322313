// All frames of a capture as the reader gives them, from one piece or from chunks of any sizes.
import type { CaptureReader, Frame } from '../../core/capture/frame.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { SeededRandom } from './random.ts'
import type { Subject } from './subject.ts'

/** What a reader gave of one capture. One object is used for all: columns of what each frame was. */
export class ReadFrames {
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** The error that the capture ended with, null where it was sound. */
  error: StormpetrelError | null = null

  get count(): number {
    return this.starts.length
  }

  reset(): void {
    this.starts.length = 0
    this.ends.length = 0
    this.error = null
  }
}

/** Reads bytes[start..end) in one piece. `take` gets each frame, which lies in the piece itself. */
export function readWhole(
  subject: Subject,
  piece: Uint8Array,
  frames: ReadFrames,
  take: (frame: Frame) => void
): void {
  frames.reset()
  frames.error = errorOf(() => {
    const reader = subject.createCaptureReader('whole')
    reader.push(piece)
    drain(reader, (frame) => {
      frames.starts.push(frame.start)
      frames.ends.push(frame.end)
      take(frame)
    })
    reader.finish()
  })
}

/** Memory that chunks are given in: two by turns, and a chunk is overwritten as soon as it may be. */
export class ChunkMemory {
  readonly #memories: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)]

  chunkOf(bytes: Uint8Array, at: number, count: number, turn: number): Uint8Array {
    const index = (turn & 1) as 0 | 1
    if (this.#memories[index].length < count) this.#memories[index] = new Uint8Array(count * 2)
    const memory = this.#memories[index]
    for (let i = 0; i < count; i++) memory[i] = bytes[at + i]!
    return memory.subarray(0, count)
  }
}

/** How many bytes the chunks of a capture of this size have at most, by chance. */
export function mostChunkBytes(sizeBytes: number, random: SeededRandom): number {
  return random.pick(sizeBytes > 2048 ? [100, 1000, sizeBytes] : [1, 3, 16, 100, 1000])
}

/** Reads the piece in chunks of 0..`most` bytes by chance; answers the error that it ended with, or null. */
export function readChunked(
  subject: Subject,
  piece: Uint8Array,
  random: SeededRandom,
  most: number,
  memory: ChunkMemory,
  take: (frame: Frame) => void
): StormpetrelError | null {
  return errorOf(() => {
    const reader = subject.createCaptureReader('whole')
    let last: Uint8Array | null = null
    for (let at = 0, turn = 0; at < piece.length; turn++) {
      const count = Math.min(piece.length - at, most === 1 ? 1 : random.below(most + 1))
      const chunk = memory.chunkOf(piece, at, count, turn)
      reader.push(chunk)
      last?.fill(0xaa)
      last = chunk
      drain(reader, take)
      at += count
    }
    reader.finish()
  })
}

function drain(reader: CaptureReader, take: (frame: Frame) => void): void {
  while (reader.next()) take(reader.frame)
}

function errorOf(read: () => void): StormpetrelError | null {
  try {
    read()
    return null
  } catch (error) {
    if (error instanceof StormpetrelError) return error
    throw error
  }
}
