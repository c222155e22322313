// The tagger: reads packets.raw in order, writes the same batches tagged and located, commits when both are
// acknowledged.
import type { Log } from '../../adapters/log.ts'
import type { EnrichedBatch, RejectedRecord } from '../../core/batch/enriched-batch.ts'
import { MAX_BATCH_FRAMES, type RawBatch } from '../../core/batch/raw-batch.ts'
import type { Bus, BusRecord, ConsumeOutcome, PartitionHandler, Subscription } from '../../core/bus.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { tagRecord, type TaggingWorld } from '../../core/tagging/tag-record.ts'
import type { TaggerCounters } from './metrics.ts'

/** What a tagger reads from and writes to, and what it knows. */
export interface TaggerOptions {
  readonly bus: Bus
  /** Consumer group; several taggers of one group share the partitions. */
  readonly group: string
  readonly world: TaggingWorld
  readonly counters: TaggerCounters
  readonly nowMs: () => number
  readonly log: Log
  /** Called once if the consumer dies; the process must then exit. */
  readonly onFailure: (error: Error) => void
}

/** As many as a few fetches bring. */
const SPARE_COLUMNS = 32

/** Stateless: everything that it knows is in the message, the geo data, the rules and the sensor list. */
export class Tagger implements PartitionHandler<RawBatch> {
  readonly #options: TaggerOptions
  #subscription: Subscription | null = null
  readonly #spare: PacketColumns[] = []
  /** Why records that were in hand are not done. */
  #undone: { readonly error: unknown } | null = null

  constructor(options: TaggerOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { bus, group, onFailure } = this.#options
    this.#subscription = await bus.subscribe('packets.raw', group, this, onFailure)
  }

  /** Ends after the records in hand. Rejects where those could not be sent: they are read again at the next start. */
  async stop(): Promise<void> {
    await this.#subscription?.stop()
    if (this.#undone !== null) throw this.#undone.error
  }

  lagRecords(): number {
    return this.#subscription?.lagRecords() ?? 0
  }

  assigned(_partition: number): Promise<'committed'> {
    return Promise.resolve('committed')
  }

  /** What was deleted before it was tagged is a gap in the sensor's numbers, which the aggregator sees. */
  begins(partition: number, offset: number, wanted: number): Promise<void> {
    const lost = { topic: 'packets.raw', partition, from: wanted, to: offset }
    this.#options.log('error', 'records were deleted before they were tagged', lost)
    this.#options.counters.lostRecords += offset - wanted
    return Promise.resolve()
  }

  revoked(_partition: number): void {
    // Nothing is held for a partition between two calls.
  }

  /** One request in flight a partition, in order; a second try after a crash writes the same names again. */
  async records(partition: number, records: readonly BusRecord<RawBatch>[]): Promise<ConsumeOutcome> {
    const { world, counters, nowMs } = this.#options
    const enriched: EnrichedBatch[] = []
    const rejected: RejectedRecord[] = []
    const used: PacketColumns[] = []
    for (const record of records) {
      const columns = this.#takeColumns(used)
      const tagged = tagRecord(record, { topic: 'packets.raw', partition }, world, columns)
      if (tagged.enriched !== null) enriched.push(tagged.enriched)
      rejected.push(...tagged.rejected)
    }
    const sentBytes = await this.#publish(partition, enriched, rejected)
    counters.count(records, enriched, sentBytes, nowMs())
    this.#spare.push(...used)
    return { kind: 'commit', nextOffset: records.at(-1)!.offset + 1 }
  }

  /**
   * Columns of a batch that is done, or new ones: half a megabyte each, which would have to be cleared. Undefined once a
   * call holds its share: the rest of thousands of small batches gets columns of its own size.
   */
  #takeColumns(used: PacketColumns[]): PacketColumns | undefined {
    if (!this.#options.bus.copiesValues || used.length === SPARE_COLUMNS) return undefined
    const columns = this.#spare.pop() ?? new PacketColumns(MAX_BATCH_FRAMES)
    used.push(columns)
    return columns
  }

  async #publish(
    partition: number,
    enriched: readonly EnrichedBatch[],
    rejected: readonly RejectedRecord[]
  ): Promise<number> {
    const { bus } = this.#options
    let sentBytes = 0
    try {
      if (rejected.length > 0) sentBytes += await bus.publish('packets.rejected', partition, rejected)
      if (enriched.length > 0) sentBytes += await bus.publish('packets.enriched', partition, enriched)
    } catch (error) {
      this.#undone ??= { error }
      throw error
    }
    return sentBytes
  }
}
