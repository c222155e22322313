// What the aggregator counts, a batch at a time; published when Prometheus asks.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { LateTotals, SensorTotals, StoreMemory } from '../../core/store/count-store.ts'
import { LatencyHistogram } from '../metrics/latency-histogram.ts'

/** Plain numbers; services/metrics exposes them. */
export class AggregatorCounters {
  batches = 0
  packets = 0
  readonly rejectedFrames = new Map<string, number>()
  /** Batches that were delivered again and not counted again. */
  repeatedBatches = 0
  /** Batches that came after their number was closed as dropped or lost. */
  closedBatches = 0
  /** Names that were used twice with other contents. */
  reusedNames = 0
  /** Packets of windows past their retention, by window size. */
  readonly expiredPackets = new Map<string, number>()
  /** Sources that came after their window was closed, by window size, of the whole store; null until it was asked. */
  lateSources: LateTotals['lateSources'] | null = null
  storeErrors = 0
  /** True from a refusal for want of memory to the next flush that was done. */
  isStoreFull = false
  /** Records of packets.enriched that were deleted before they were counted. */
  lostRecords = 0
  /** How often records were read again because the store had, or may have, lost data. */
  rewinds = 0
  /** How many of these found everything there that had been counted. */
  rewindsInDoubt = 0
  /** The store's ledger, all sensors, as it was at most a minute ago. */
  ledger: readonly SensorTotals[] = []
  /** The newest packet time of each sensor in the store, in seconds, of the same moment. */
  watermarks: ReadonlyMap<string, number> = new Map()
  /** Of the same moment; null where the store does not tell. */
  storeMemory: StoreMemory | null = null
  /** When that was, by this machine's clock; null until the store was asked. */
  storeReadAtMs: number | null = null
  /** Bytes of values that were read, and that Kafka has acknowledged (on packets.rejected). */
  receivedBytes = 0
  sentBytes = 0
  /** From a batch being closed to its count being readable; null in a run, where time is the captures'. */
  readonly latency: LatencyHistogram | null

  constructor(isLive: boolean) {
    this.latency = isLive ? new LatencyHistogram() : null
  }

  /** Counts a batch that the store has counted. */
  countApplied(batch: EnrichedBatch, nowMs: number): void {
    this.batches += 1
    this.packets += batch.packets.length
    this.latency?.observe(nowMs - batch.closedAtMs)
    for (const { reason, frames } of batch.rejected) {
      this.rejectedFrames.set(reason, (this.rejectedFrames.get(reason) ?? 0) + frames)
    }
  }

  addExpired(size: string, packets: number): void {
    this.expiredPackets.set(size, (this.expiredPackets.get(size) ?? 0) + packets)
  }
}
