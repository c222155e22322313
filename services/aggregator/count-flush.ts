// One flush of the aggregator, in the order that exactly-once stands on: sources, then their offsets, then a slot at a
// time its counts, names and offsets in one step. Any part may be done twice; a name counts once.
import { createHash } from 'node:crypto'
import type { EnrichedBatch, RejectedRecord } from '../../core/batch/enriched-batch.ts'
import { formatName } from '../../core/batch/name.ts'
import type { Bus, BusRecord } from '../../core/bus.ts'
import type { CountStore, FencedBatch, OffsetSpan, SlotOutcome } from '../../core/store/count-store.ts'
import { slotOf } from '../../core/store/slot.ts'
import { CountAccumulator } from '../../core/windows/count-accumulator.ts'
import { SeriesNames } from '../../core/windows/series-names.ts'
import { SourceAccumulator } from '../../core/windows/source-accumulator.ts'
import type { AggregatorCounters } from './metrics.ts'

/** Records of one partition that wait to be counted, in offset order, at least one. */
export interface PartitionRecords {
  readonly partition: number
  readonly records: readonly BusRecord<EnrichedBatch>[]
}

/** 'rewind' names for every partition of the flush the offset to read again from. */
export type FlushOutcome =
  | { readonly kind: 'counted' }
  | { readonly kind: 'rewind'; readonly offsets: ReadonlyMap<number, number> }

interface Named {
  readonly batch: EnrichedBatch
  readonly partition: number
  readonly offset: number
  readonly appendedAtMs: number
}

export interface CountFlushOptions {
  readonly bus: Bus
  readonly store: CountStore
  readonly zones: readonly string[]
  readonly counters: AggregatorCounters
  readonly nowMs: () => number
}

const TOPIC = 'packets.enriched'
/** Bounds each of two tables, of 32 bytes a source. */
const REMEMBERED_SOURCES = 1 << 19

/** Keeps only the table of sources already sent, and names and memory to use again, between two flushes. */
export class CountFlush {
  readonly #options: CountFlushOptions
  readonly #names = new SeriesNames()
  readonly #sources: SourceAccumulator
  /** Holds nothing between two flushes. */
  readonly #counts: CountAccumulator

  constructor(options: CountFlushOptions) {
    this.#options = options
    this.#sources = new SourceAccumulator(options.zones, REMEMBERED_SOURCES, this.#names)
    this.#counts = new CountAccumulator(options.zones, this.#names)
  }

  /** Call whenever it is in doubt whether all sources that were sent are in the store. */
  forgetSent(): void {
    this.#sources.forgetSent()
  }

  /** Throws where the store or the bus did not answer; calling again with the same records is always right. */
  async run(taken: readonly PartitionRecords[], idle: readonly OffsetSpan[]): Promise<FlushOutcome> {
    const spans = [...taken.map(spanOf), ...idle]
    const named = await this.#distinct(taken)
    if (await this.#isSourcesBehind(named, spans)) return this.#rewind(spans)

    const bySlot: Named[][] = Array.from({ length: this.#options.store.slots }, () => [])
    for (const each of named) bySlot[slotOf(each.batch.name.sensor, bySlot.length)]!.push(each)
    for (const [slot, own] of bySlot.entries()) {
      if (await this.#isSlotBehind(slot, own, spans)) return this.#rewind(spans)
    }
    return { kind: 'counted' }
  }

  /** The first batch of each name; a later one with other contents is rejected, an equal one is a repeat. */
  async #distinct(taken: readonly PartitionRecords[]): Promise<Named[]> {
    const first = new Map<string, Named>()
    const rejected: { partition: number; record: RejectedRecord }[] = []
    for (const { partition, records } of taken) {
      for (const record of records) {
        if (record.delivered.kind === 'unreadable') {
          rejected.push({ partition, record: unreadable(partition, record) })
          continue
        }
        const batch = record.delivered.value
        const { offset, appendedAtMs } = record
        const name = formatName(batch.name)
        const known = first.get(name)
        if (known === undefined) first.set(name, { batch, partition, offset, appendedAtMs })
        else this.#countRepeat(partition, offset, batch, known.batch.digest === batch.digest, rejected)
      }
    }
    await this.#publishRejected(rejected)
    return [...first.values()]
  }

  async #isSourcesBehind(named: readonly Named[], spans: readonly OffsetSpan[]): Promise<boolean> {
    for (const { batch } of named) this.#sources.add(batch)
    await this.#options.store.addSources(this.#sources.take())
    const outcome = await this.#options.store.advanceSources(spans)
    return outcome.kind === 'behind'
  }

  /** Asks one slot until it has counted what it had not seen; true where it answers that it lost data. */
  async #isSlotBehind(slot: number, named: readonly Named[], spans: readonly OffsetSpan[]): Promise<boolean> {
    let fresh = named
    for (;;) {
      const outcome = await this.#applySlot(slot, fresh, spans)
      switch (outcome.kind) {
        case 'behind':
          return true
        case 'applied':
          this.#countApplied(fresh, outcome.expiredPackets)
          return false
        case 'seen': {
          const seen = new Map(outcome.seen.map(({ index, sameDigest }) => [index, sameDigest]))
          await this.#rejectReused(fresh, seen)
          fresh = fresh.filter((_, index) => !seen.has(index))
          break
        }
        default:
          outcome satisfies never
      }
    }
  }

  /** Sums cannot be taken apart, so each try adds up from the batches. */
  #applySlot(slot: number, named: readonly Named[], spans: readonly OffsetSpan[]): Promise<SlotOutcome> {
    // Whatever went wrong in an earlier try, none of its packets is counted in this one.
    this.#counts.clear()
    for (const { batch } of named) this.#counts.add(batch)
    return this.#options.store.applySlot({
      slot,
      spans,
      batches: named.map(fencedBatch),
      ...this.#counts.take()
    })
  }

  async #rejectReused(named: readonly Named[], seen: ReadonlyMap<number, boolean>): Promise<void> {
    const rejected: { partition: number; record: RejectedRecord }[] = []
    for (const [index, sameDigest] of seen) {
      const { batch, partition, offset } = named[index]!
      this.#countRepeat(partition, offset, batch, sameDigest, rejected)
    }
    await this.#publishRejected(rejected)
  }

  #countRepeat(
    partition: number,
    offset: number,
    batch: EnrichedBatch,
    sameDigest: boolean,
    rejected: { partition: number; record: RejectedRecord }[]
  ): void {
    this.#options.counters.repeatedBatches += 1
    if (sameDigest) return
    this.#options.counters.reusedNames += 1
    rejected.push({ partition, record: reused(partition, offset, batch) })
  }

  #countApplied(named: readonly Named[], expiredPackets: Readonly<Record<string, number>>): void {
    const { counters } = this.#options
    for (const { batch, appendedAtMs } of named)
      counters.countApplied(batch, this.#options.nowMs() - appendedAtMs)
    for (const [size, packets] of Object.entries(expiredPackets)) counters.addExpired(size, packets)
  }

  async #publishRejected(rejected: readonly { partition: number; record: RejectedRecord }[]): Promise<void> {
    for (const { partition, record } of rejected) {
      await this.#options.bus.publish('packets.rejected', partition, [record])
    }
  }

  async #rewind(spans: readonly OffsetSpan[]): Promise<FlushOutcome> {
    const offsets = new Map<number, number>()
    for (const { partition } of spans) {
      offsets.set(partition, await this.#options.store.nextOffset(TOPIC, partition))
    }
    return { kind: 'rewind', offsets }
  }
}

function spanOf({ partition, records }: PartitionRecords): OffsetSpan {
  return { topic: TOPIC, partition, from: records[0]!.offset, to: records.at(-1)!.offset + 1 }
}

/** The part of a batch that the fence needs. The watermark never passes the append time. */
function fencedBatch({ batch, appendedAtMs }: Named): FencedBatch {
  let newestSeconds = 0
  const { seconds, length } = batch.packets
  for (let row = 0; row < length; row++) if (seconds[row]! > newestSeconds) newestSeconds = seconds[row]!
  return {
    name: batch.name,
    digest: batch.digest,
    countedPackets: length,
    rejectedFrames: batch.rejected,
    watermarkSeconds: Math.min(newestSeconds, Math.floor(appendedAtMs / 1000))
  }
}

function reused(partition: number, offset: number, batch: EnrichedBatch): RejectedRecord {
  return {
    topic: TOPIC,
    partition,
    offset,
    name: formatName(batch.name),
    file: batch.file,
    frame: 0,
    reason: 'name-reused',
    bytes: new Uint8Array(0),
    lengthBytes: 0,
    sha256: batch.digest
  }
}

function unreadable(partition: number, record: BusRecord<EnrichedBatch>): RejectedRecord {
  const bytes = record.delivered.kind === 'unreadable' ? record.delivered.bytes : new Uint8Array(0)
  return {
    topic: TOPIC,
    partition,
    offset: record.offset,
    name: record.headerName,
    file: null,
    frame: 0,
    reason: record.delivered.kind === 'unreadable' ? record.delivered.reason : 'not-avro',
    bytes,
    lengthBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex')
  }
}
