// The segments of a spool, oldest first: how much they hold, when the newest is full, and which may be deleted.
import { unlink } from 'node:fs/promises'
import type { Span } from '../../core/spool/spool-records.ts'
import { emptySegment, type Segment } from './segment.ts'

/** What decides about segments. */
export interface SegmentListOptions {
  readonly folder: string
  /** Of all segments together; each is a part of it. */
  readonly sizeLimitBytes: number
  readonly ageLimitMs: number
  readonly nowMs: () => number
  /** Whether any batch of these is neither acknowledged nor dropped. */
  readonly isAnyWaiting: (sequences: Span) => boolean
}

/** Segments are a sixteenth of the spool, within these bounds: a drop takes one, and a start reads one at a time. */
const SEGMENTS_IN_A_SPOOL = 16
const MIN_SEGMENT_BYTES = 64 * 1024
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024

/** Knows nothing before `load` and `add`. */
export class SegmentList {
  readonly #options: SegmentListOptions
  readonly #segmentBytes: number
  #segments: Segment[] = []
  /** Deletions under way. */
  readonly #sweeps = new Set<Promise<void>>()

  constructor(options: SegmentListOptions) {
    this.#options = options
    const share = Math.floor(options.sizeLimitBytes / SEGMENTS_IN_A_SPOOL)
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.max(MIN_SEGMENT_BYTES, share))
  }

  /** Takes what lies on the disk. */
  load(segments: readonly Segment[]): void {
    this.#segments = [...segments]
  }

  /** A new newest segment, whose batches are written with this schema. */
  add(schema: string): Segment {
    const segment = emptySegment(this.#options.folder, (this.#segments.at(-1)?.number ?? 0) + 1, schema)
    this.#segments.push(segment)
    return segment
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get newest(): Segment {
    return this.#segments.at(-1)!
  }

  /** Bytes of all segments. */
  get sizeBytes(): number {
    return this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** Bytes of the segments that are still needed: those that are done with are being deleted, and drop nothing. */
  get heldBytes(): number {
    return this.#segments.reduce((sum, segment) => {
      const isNeeded = segment === this.newest || this.hasWaiting(segment)
      return isNeeded ? sum + segment.sizeBytes : sum
    }, 0)
  }

  /** When the first batch of the oldest segment with waiting batches was spooled; null where none waits. */
  get oldestWaitingMs(): number | null {
    return this.#segments.find((segment) => this.hasWaiting(segment))?.oldestMs ?? null
  }

  hasWaiting({ firstSequence, lastSequence }: Segment): boolean {
    return lastSequence > 0 && this.#options.isAnyWaiting([firstSequence, lastSequence])
  }

  /** Whether everything up to this sequence being done would make a segment one to delete. */
  isAnyDoneWith(through: number): boolean {
    return this.#segments.some(
      (segment) => segment !== this.newest && segment.lastSequence <= through && this.hasWaiting(segment)
    )
  }

  /** A segment ends when it is large, or so old that a drop by age would take much else with it. */
  isNewestFull(moreBytes: number): boolean {
    const { sizeBytes, lastSequence, oldestMs } = this.newest
    if (sizeBytes + moreBytes > this.#segmentBytes) return lastSequence > 0 || sizeBytes > this.#segmentBytes
    const { nowMs, ageLimitMs } = this.#options
    return lastSequence > 0 && nowMs() - oldestMs > ageLimitMs / SEGMENTS_IN_A_SPOOL
  }

  /**
   * Once a record is durable, deletes the segments that have nothing left to send by it and all before it. What else
   * they said is in the state of a later one.
   */
  sweepAfter(durable: Promise<void>): Promise<void> {
    const done = this.#segments.filter((segment) => segment !== this.newest && !this.hasWaiting(segment))
    const sweep = this.#sweep(durable, done)
    this.#sweeps.add(sweep)
    const forget = (): void => void this.#sweeps.delete(sweep)
    sweep.then(forget, forget)
    return sweep
  }

  /** Resolves when no deletion is under way: none goes on once the folder is given up. */
  async swept(): Promise<void> {
    await Promise.allSettled(this.#sweeps)
  }

  async #sweep(durable: Promise<void>, done: readonly Segment[]): Promise<void> {
    await durable
    const newestDurable = this.#segments.findLast(({ durableBytes }) => durableBytes > 0)?.number ?? 0
    for (const segment of done) {
      const index = this.#segments.indexOf(segment)
      if (index < 0 || segment.number >= newestDurable) continue
      this.#segments.splice(index, 1)
      await unlink(segment.path)
    }
  }
}
