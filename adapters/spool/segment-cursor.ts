// Reads the records of one segment in order, as far as they are durable, through a window that is used again.
import { type FileHandle, open } from 'node:fs/promises'
import { decodeRecord, type ReadRecord } from './record-codec.ts'
import type { Segment } from './segment.ts'

const WINDOW_BYTES = 1536 * 1024

/** A place in a segment. What `next` gives is a view: use it before the next call. */
export class SegmentCursor {
  readonly segment: Segment
  #handle: FileHandle | null = null
  #window: Buffer = Buffer.alloc(0)
  /** Offset in the file of the window's first byte, and of the next record. */
  #windowStart = 0
  #offset = 0

  constructor(segment: Segment) {
    this.segment = segment
  }

  /** Offset of the next record. */
  get offset(): number {
    return this.#offset
  }

  /** Null at the end of what is durable; 'bad' where there is no record before that end. */
  async next(): Promise<ReadRecord | 'bad' | null> {
    if (this.#offset >= this.segment.durableBytes) return null
    let sizeBytes = WINDOW_BYTES
    for (let tries = 0; ; tries++) {
      const start = this.#offset - this.#windowStart
      const read =
        start > this.#window.length ? 'short' : decodeRecord(this.segment.number, this.#window, start)
      if (read !== 'short') {
        if (read !== 'bad') this.#offset = this.#windowStart + read.end
        return read
      }
      const isAll = this.#windowStart === this.#offset && this.#windowEnd >= this.segment.durableBytes
      if (isAll && tries > 0) return 'bad'
      await this.#fill(sizeBytes)
      sizeBytes *= 4
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }

  get #windowEnd(): number {
    return this.#windowStart + this.#window.length
  }

  /** Moves the window to the next record. */
  async #fill(sizeBytes: number): Promise<void> {
    this.#handle ??= await open(this.segment.path, 'r')
    const wanted = Math.min(sizeBytes, this.segment.durableBytes - this.#offset)
    const buffer =
      this.#window.buffer.byteLength >= wanted ? Buffer.from(this.#window.buffer) : Buffer.alloc(wanted)
    const { bytesRead } = await this.#handle.read(buffer, 0, wanted, this.#offset)
    this.#window = buffer.subarray(0, bytesRead)
    this.#windowStart = this.#offset
  }
}
