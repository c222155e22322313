// What the aggregator counts, a batch at a time; published when Prometheus asks.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'

/** Plain numbers; services/metrics.ts exposes them. */
export class AggregatorCounters {
  batches = 0
  packets = 0
  readonly rejectedFrames = new Map<string, number>()
  /** Batches that were delivered again and not counted again. */
  repeatedBatches = 0
  /** Names that were used twice with other contents. */
  reusedNames = 0
  /** Packets of windows past their retention, by window size. */
  readonly expiredPackets = new Map<string, number>()
  storeErrors = 0
  /** Records of packets.enriched that were deleted before they were counted. */
  lostRecords = 0
  /** How often the store had lost data and the topic was read again. */
  rewinds = 0
  /** From the broker taking the newest counted batch to its count being readable. */
  latencySeconds = 0

  countApplied(batch: EnrichedBatch, latencyMs: number): void {
    this.batches += 1
    this.packets += batch.packets.length
    this.latencySeconds = Math.max(0, latencyMs) / 1000
    for (const { reason, frames } of batch.rejected) {
      this.rejectedFrames.set(reason, (this.rejectedFrames.get(reason) ?? 0) + frames)
    }
  }

  addExpired(size: string, packets: number): void {
    this.expiredPackets.set(size, (this.expiredPackets.get(size) ?? 0) + packets)
  }
}
