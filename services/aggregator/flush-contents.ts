// What one flush is to count: each name once, found once however often the flush is tried.
import type { EnrichedBatch, RejectedRecord } from '../../core/batch/enriched-batch.ts'
import { formatName, isBatchNumber } from '../../core/batch/name.ts'
import type { BusRecord } from '../../core/bus.ts'
import type { OffsetSpan, SeenHow } from '../../core/store/count-store.ts'
import { rejectedRecord } from '../../core/tagging/rejected-record.ts'
import type { AggregatorCounters } from './metrics.ts'

/**
 * The topic that is counted, as offsets name it: without a prefix, since a store belongs to one deployment or
 * run.
 */
export const ENRICHED = 'packets.enriched'

/** Records of one partition that wait to be counted, in offset order, at least one. */
export interface PartitionRecords {
  readonly partition: number
  /** Where reading went on: at the first record, or lower where offsets hold no records (the marks of transactions). */
  readonly from: number
  readonly records: readonly BusRecord<EnrichedBatch>[]
}

/** A batch of the flush, and how far it has come. */
export interface NamedBatch {
  readonly batch: EnrichedBatch
  readonly partition: number
  readonly offset: number
  readonly appendedAtMs: number
  /** `offered`: the store was asked and its answer may have been lost, so 'seen' then means that it counted it. */
  state: 'fresh' | 'offered' | 'counted'
}

/** All of one flush. */
export interface FlushContents {
  readonly spans: readonly OffsetSpan[]
  readonly batches: readonly NamedBatch[]
  /** Not yet acknowledged by the bus; emptied as they are. */
  readonly rejected: { readonly partition: number; readonly record: RejectedRecord }[]
}

/** Takes the records apart: the first batch of each name is counted, others are repeats, or names used twice. */
export function flushContents(
  taken: readonly PartitionRecords[],
  idle: readonly OffsetSpan[],
  counters: AggregatorCounters
): FlushContents {
  const first = new Map<string, NamedBatch>()
  const contents: FlushContents = { spans: [...taken.map(spanOf), ...idle], batches: [], rejected: [] }
  for (const { partition, records } of taken) {
    for (const record of records) {
      counters.receivedBytes += sizeOf(record)
      if (record.delivered.kind === 'unreadable' || !isBatchNumber(record.delivered.value.name.number)) {
        contents.rejected.push({ partition, record: unusable(partition, record) })
        continue
      }
      const { offset, appendedAtMs } = record
      const named: NamedBatch = {
        batch: record.delivered.value,
        partition,
        offset,
        appendedAtMs,
        state: 'fresh'
      }
      const name = formatName(named.batch.name)
      const known = first.get(name)
      if (known === undefined) first.set(name, named)
      else
        countRepeat(contents, named, known.batch.digest === named.batch.digest ? 'same' : 'other', counters)
    }
  }
  return { ...contents, batches: [...first.values()] }
}

/**
 * A batch whose name was counted before: with other contents, or closed meanwhile, it is rejected, and an operator must
 * know.
 */
export function countRepeat(
  contents: FlushContents,
  named: NamedBatch,
  how: SeenHow,
  counters: AggregatorCounters
): void {
  if (how === 'closed') counters.closedBatches += 1
  else counters.repeatedBatches += 1
  if (how === 'same') return
  if (how === 'other') counters.reusedNames += 1
  const reason = how === 'other' ? 'name-reused' : 'closed'
  contents.rejected.push({ partition: named.partition, record: refused(named, reason) })
}

function sizeOf({ delivered }: BusRecord<EnrichedBatch>): number {
  return delivered.kind === 'value' ? delivered.sizeBytes : delivered.bytes.length
}

function spanOf({ partition, from, records }: PartitionRecords): OffsetSpan {
  return { topic: ENRICHED, partition, from, to: records.at(-1)!.offset + 1 }
}

/** The batch itself stays on packets.enriched at this offset; its digest stands for it. */
function refused({ batch, partition, offset }: NamedBatch, reason: 'name-reused' | 'closed'): RejectedRecord {
  return {
    topic: ENRICHED,
    partition,
    offset,
    name: formatName(batch.name),
    file: batch.file,
    frame: 0,
    reason,
    bytes: new Uint8Array(0),
    lengthBytes: 0,
    sha256: batch.digest
  }
}

function unusable(
  partition: number,
  { delivered, offset, headerName }: BusRecord<EnrichedBatch>
): RejectedRecord {
  const isUnreadable = delivered.kind === 'unreadable'
  return rejectedRecord({
    topic: ENRICHED,
    partition,
    offset,
    name: headerName,
    file: null,
    frame: 0,
    reason: isUnreadable ? delivered.reason : 'number-out-of-range',
    bytes: isUnreadable ? delivered.bytes : new Uint8Array(0)
  })
}
