// The port to the message bus. Kafka and the in-process bus keep the same contract; codecs are the adapter's.
import type { EnrichedBatch, RejectedRecord } from './batch/enriched-batch.ts'
import type { RawBatch } from './batch/raw-batch.ts'
import type { BatchRejectReason } from './packets/reject-reason.ts'
import type { SurgeChange } from './surges/surge-change.ts'

/** What travels on each topic. */
export interface TopicValues {
  'packets.raw': RawBatch
  'packets.enriched': EnrichedBatch
  'packets.rejected': RejectedRecord
  surges: SurgeChange
}

/** The topics, without the prefix of a deployment or a run. */
export type TopicName = keyof TopicValues

/** A message's value, decoded by the adapter, or what it was where it could not be. */
export type Delivered<T> =
  | { readonly kind: 'value'; readonly value: T; readonly sizeBytes: number }
  | {
      readonly kind: 'unreadable'
      readonly reason: BatchRejectReason
      readonly bytes: Uint8Array
      /** Name and packet count from the record's headers, null where they are missing or malformed. */
      readonly name: string | null
      readonly packets: number | null
    }

/** One message of a partition. */
export interface BusRecord<T> {
  readonly offset: number
  /** The broker's append time (LogAppendTime). */
  readonly appendedAtMs: number
  /** The name in the record's headers, null where missing. */
  readonly headerName: string | null
  readonly delivered: Delivered<T>
}

/** What a consumer does with its partitions. Calls for one partition never overlap. */
export interface PartitionHandler<T> {
  /**
   * The partition is now held: answer the next offset to read, or 'committed' (the log's start where nothing is
   * committed).
   */
  assigned(partition: number): Promise<number | 'committed'>
  /**
   * The log starts at `offset`, above the `wanted` one: the records between were deleted and will never come. Called
   * before the first records from there; the next of them has this offset. A rejection stops the consumer as below.
   */
  begins(partition: number, offset: number, wanted: number): Promise<void>
  /**
   * Records in offset order, with no offset skipped by the adapter. Resolves when they are safe.
   * Answers the offset to commit (only shown as lag where the consumer keeps its own offsets), or where to go back to.
   * A rejection stops the consumer and the service exits non-zero.
   */
  records(partition: number, records: readonly BusRecord<T>[]): Promise<ConsumeOutcome>
  /** The partition is no longer held. */
  revoked(partition: number): void
}

/** What a handler did with records: they are safe up to an offset, or reading is to go back to one. */
export type ConsumeOutcome =
  | { readonly kind: 'commit'; readonly nextOffset: number }
  | { readonly kind: 'seek'; readonly offset: number }

/** A running consumer. */
export interface Subscription {
  /**
   * Reads the partition again from this offset, at the next fetch. Before the handler has been given its first records,
   * the lower of this and of what `assigned` answered counts. A partition that is not held is left alone: the handler
   * is asked anew when it is.
   */
  seek(partition: number, offset: number): void
  /**
   * A handler that waits on purpose, such as for a store that is away, says so again and again while it does: one that
   * neither answers nor says so for long is stuck, and the consumer dies as `onFailure` says.
   */
  stillWaiting(): void
  /** Records behind the log's end over the held partitions, as far as known. */
  lagRecords(): number
  /** Ends after the records in hand are done; idempotent. */
  stop(): Promise<void>
}

/** The message bus. `start` before anything else; `stop` is idempotent. */
export interface Bus {
  /** Whether values may be changed once `publish` has resolved: within one process readers are given the values themselves. */
  readonly copiesValues: boolean
  start(): Promise<void>
  stop(): Promise<void>
  partitions(topic: TopicName): Promise<number>
  /** The offset after the last record of each partition. */
  endOffsets(topic: TopicName): Promise<number[]>
  /** Of each partition the offset of the first record that was appended at that time or later; its end where there is none. */
  offsetsAt(topic: TopicName, appendedAtMs: number): Promise<number[]>
  /** The next offset that a consumer group has committed on each partition; 0 where it has none. */
  groupOffsets(topic: TopicName, group: string): Promise<number[]>
  /**
   * Resolves when the broker has acknowledged all of them (acks=-1), in this order, on this partition. Answers the
   * bytes of their encoded values, 0 within one process, where nothing is encoded. packets.rejected may have fewer
   * partitions than the topics that it is about: a higher one is wrapped round, so that no topic holds up another.
   */
  publish<K extends TopicName>(
    topic: K,
    partition: number,
    values: readonly TopicValues[K][]
  ): Promise<number>
  /**
   * Joins the group. No records are handed over before this has resolved, so that whoever may want to seek can.
   * `onFailure` is called once if the consumer dies by itself; the service must then exit. It does so with SP_TOPIC
   * where an offset is wanted that is above the log's end: the log lost records or was made anew, and nothing may be
   * guessed.
   */
  subscribe<K extends TopicName>(
    topic: K,
    group: string,
    handler: PartitionHandler<TopicValues[K]>,
    onFailure: (error: Error) => void
  ): Promise<Subscription>
}
