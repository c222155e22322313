// What the tagger counts, a batch at a time; published when Prometheus asks.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { BusRecord } from '../../core/bus.ts'
import { LatencyHistogram } from '../metrics/latency-histogram.ts'

/** Plain numbers; services/metrics exposes them. */
export class TaggerCounters {
  batches = 0
  packets = 0
  /** Records of packets.raw that were deleted before they were tagged. */
  lostRecords = 0
  /** Bytes of values that were read, and that Kafka has acknowledged. */
  receivedBytes = 0
  sentBytes = 0
  readonly rejectedFrames = new Map<string, number>()
  /** From a batch being closed to its enriched form being acknowledged; null in a run, where time is the captures'. */
  readonly latency: LatencyHistogram | null

  constructor(isLive: boolean) {
    this.latency = isLive ? new LatencyHistogram() : null
  }

  /** Counts one call's records and what became of them. */
  count(
    records: readonly BusRecord<RawBatch>[],
    enriched: readonly EnrichedBatch[],
    sentBytes: number,
    nowMs: number
  ): void {
    this.batches += records.length
    this.sentBytes += sentBytes
    for (const { delivered } of records) {
      this.receivedBytes += delivered.kind === 'value' ? delivered.sizeBytes : delivered.bytes.length
      if (delivered.kind === 'value') this.latency?.observe(nowMs - delivered.value.closedAtMs)
    }
    for (const batch of enriched) {
      this.packets += batch.packets.length
      for (const { reason, frames } of batch.rejected) {
        this.rejectedFrames.set(reason, (this.rejectedFrames.get(reason) ?? 0) + frames)
      }
    }
  }
}
