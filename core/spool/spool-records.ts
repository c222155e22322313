// What the records of the spool say, beside the batches' own bytes.
import type { DeclaredLoss } from '../batch/raw-batch.ts'
import type { FilePosition } from './input-position.ts'

/** Why a batch was dropped: the spool was full, it was too old, the brokers refuse it, or the disk lost it. */
export type DropReason = 'full' | 'age' | 'refused' | 'damaged'

/** Inclusive numbers, `[from, to]`. */
export type Span = readonly [from: number, to: number]

/** The newest batch of a lane in the epoch that is written: its number, and the lane's frames up to its end. */
export interface LaneEnd {
  readonly lane: number
  readonly number: number
  readonly frames: number
}

/** Everything that must outlive old segments; each segment begins with it. */
export interface SpoolState {
  readonly version: 1
  readonly sensor: string
  /** The epoch whose batches are written; '' before the first one. */
  readonly epoch: string
  readonly epochStartedMs: number
  readonly laneEnds: readonly LaneEnd[]
  /** The partition of each lane, for life. */
  readonly partitions: readonly (readonly [lane: number, partition: number])[]
  /** Sequence of the next batch: 1, 2, 3 ... over all epochs and lanes, in the order of sending. */
  readonly nextSequence: number
  /** All sequences up to this one are acknowledged or dropped. */
  readonly doneThrough: number
  /** Sequences above `doneThrough` that were dropped. */
  readonly dropped: readonly Span[]
  /**
   * Batches up to this sequence may have been taken by the brokers: they are not dropped, but sent until that is known.
   */
  readonly handedThrough: number
  /** Declared losses that no waiting batch carries. */
  readonly losses: readonly DeclaredLoss[]
  readonly current: FilePosition | null
  readonly finished: readonly FilePosition[]
  /** The Avro schema that the batches of the segment are written with. */
  readonly schema: string
}

/** What stands before a batch's bytes, in the same record. */
export interface BatchEntry {
  readonly sequence: number
  readonly epoch: string
  readonly lane: number
  readonly number: number
  /** Frames in it, refused ones included. */
  readonly frames: number
  readonly framesBefore: number
  readonly spooledAtMs: number
  /** Null while the lane has none: the brokers were not reached yet. */
  readonly partition: number | null
  readonly losses: readonly DeclaredLoss[]
  readonly position: FilePosition | null
}

/** Batches that will never be sent. */
export interface DropEntry {
  readonly reason: DropReason
  /** Sequences of batches that lie in the spool; null where one was refused before it was written. */
  readonly sequences: Span | null
  /** The batch that was refused before it was written, and the position after it. */
  readonly unwritten: { readonly end: LaneEnd; readonly position: FilePosition | null } | null
  /** Declared losses that no waiting batch carries, after this. */
  readonly losses: readonly DeclaredLoss[]
}

/** One record. */
export type SpoolRecord =
  | { readonly kind: 'state'; readonly state: SpoolState }
  | { readonly kind: 'batch'; readonly entry: BatchEntry }
  | { readonly kind: 'done'; readonly through: number }
  | { readonly kind: 'handed'; readonly through: number }
  | { readonly kind: 'drop'; readonly drop: DropEntry }
  | { readonly kind: 'partition'; readonly lane: number; readonly partition: number }
  | { readonly kind: 'position'; readonly position: FilePosition }
