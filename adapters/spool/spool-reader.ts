// Reads the waiting batches of all segments in order, from the disk: what waits takes no memory.
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { ReadRecord } from './record-codec.ts'
import { type Segment, spoolError } from './segment.ts'
import { SegmentCursor } from './segment-cursor.ts'
import type { ValueCodecs } from './value-codecs.ts'

/** A batch that was read. */
export interface WaitingBatch {
  readonly sequence: number
  readonly sizeBytes: number
  readonly spooledAtMs: number
  readonly batch: RawBatch
}

/** The spool that is read. */
export interface ReadSpool {
  readonly folder: string
  /** In order; those that are done with may be taken away at any time, others only be added at the end. */
  readonly segments: () => readonly Segment[]
  readonly isWaiting: (sequence: number) => boolean
  readonly codecs: ValueCodecs
}

/** A place in the spool; calls must not overlap. */
export class SpoolReader {
  readonly #spool: ReadSpool
  #cursor: SegmentCursor | null = null
  #ahead: WaitingBatch | null = null

  constructor(spool: ReadSpool) {
    this.#spool = spool
  }

  /** The next waiting batch, again and again until `take`; null while none is durable. Throws SP_SPOOL. */
  async peek(): Promise<WaitingBatch | null> {
    if (this.#ahead !== null && !this.#spool.isWaiting(this.#ahead.sequence)) this.#ahead = null
    this.#ahead ??= await this.#read()
    return this.#ahead
  }

  /** What `peek` gave is taken. */
  take(): void {
    this.#ahead = null
  }

  async close(): Promise<void> {
    const cursor = this.#cursor
    this.#cursor = null
    await cursor?.close()
  }

  async #read(): Promise<WaitingBatch | null> {
    for (;;) {
      const cursor = await this.#heldCursor()
      if (cursor === null) return null
      const read = await this.#nextOf(cursor)
      if (read === 'bad') {
        const where = new Error(`${cursor.segment.path} at byte ${cursor.offset}: damaged`)
        throw spoolError(this.#spool.folder, 'read', where)
      }
      if (read === null) {
        if (!(await this.#moveOn(cursor))) return null
        continue
      }
      if (read.record.kind !== 'batch') continue
      const { sequence, spooledAtMs } = read.record.entry
      if (!this.#spool.isWaiting(sequence)) continue
      const batch = this.#spool.codecs.decode(cursor.segment.schema, Buffer.from(read.value))
      return { sequence, sizeBytes: read.value.length, spooledAtMs, batch }
    }
  }

  /** The cursor in hand; where its segment was deleted meanwhile, one at the segment after it. */
  async #heldCursor(): Promise<SegmentCursor | null> {
    const cursor = this.#cursor
    if (cursor === null) return this.#openCursor(0)
    if (this.#isThere(cursor.segment)) return cursor
    await cursor.close()
    return this.#openCursor(cursor.segment.number + 1)
  }

  /** Null where the segment was deleted before it was opened. */
  async #nextOf(cursor: SegmentCursor): Promise<ReadRecord | 'bad' | null> {
    try {
      return await cursor.next()
    } catch (error) {
      if (!this.#isThere(cursor.segment)) return null
      throw spoolError(this.#spool.folder, 'read', error)
    }
  }

  /** Moves the cursor on where its segment is read to its end, and will not grow. */
  async #moveOn(cursor: SegmentCursor): Promise<boolean> {
    const { segment } = cursor
    if (!this.#isThere(segment)) return true
    const following = this.#spool.segments().find(({ number }) => number > segment.number)
    if (following === undefined || following.durableBytes === 0 || cursor.offset < segment.sizeBytes)
      return false
    await cursor.close()
    this.#openCursor(segment.number + 1)
    return true
  }

  #isThere(segment: Segment): boolean {
    return this.#spool.segments().includes(segment)
  }

  #openCursor(fromNumber: number): SegmentCursor | null {
    const segment = this.#spool.segments().find(({ number }) => number >= fromNumber)
    this.#cursor = segment === undefined ? null : new SegmentCursor(segment)
    return this.#cursor
  }
}
