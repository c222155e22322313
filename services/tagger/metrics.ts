// What the tagger counts, a batch at a time; published when Prometheus asks.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { BusRecord } from '../../core/bus.ts'

/** Plain numbers; services/metrics.ts exposes them. */
export class TaggerCounters {
  batches = 0
  bytesIn = 0
  packets = 0
  readonly rejectedFrames = new Map<string, number>()

  /** Counts one call's records and what became of them. */
  count(records: readonly BusRecord<RawBatch>[], enriched: readonly EnrichedBatch[]): void {
    this.batches += records.length
    for (const { delivered } of records) {
      this.bytesIn += delivered.kind === 'value' ? delivered.sizeBytes : delivered.bytes.length
    }
    for (const batch of enriched) {
      this.packets += batch.packets.length
      for (const { reason, frames } of batch.rejected) {
        this.rejectedFrames.set(reason, (this.rejectedFrames.get(reason) ?? 0) + frames)
      }
    }
  }
}
