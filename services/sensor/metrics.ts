// What a sensor counts, a batch at a time; published when Prometheus asks.
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { LatencyHistogram } from '../metrics/latency-histogram.ts'

/** Plain numbers; services/metrics exposes them. */
export class SensorCounters {
  batches = 0
  packets = 0
  /** Bytes of capture that were read. */
  receivedBytes = 0
  /** Bytes of values that Kafka has acknowledged. */
  sentBytes = 0
  /** From a batch being closed to it being acknowledged. */
  readonly latency = new LatencyHistogram()
  /** Packets that the kernel dropped since the start. */
  kernelDrops = 0
  /** Followed files that are done with, damaged ones included, and those that were not read to their end. */
  finishedFiles = 0
  damagedFiles = 0
  readonly rejectedFrames = new Map<string, number>()

  /** Counts a batch that was published, and how many bytes it was. */
  count(batch: RawBatch, sentBytes: number): void {
    this.batches += 1
    this.packets += batch.packets
    this.sentBytes += sentBytes
    for (const { reason } of batch.refused) {
      this.rejectedFrames.set(reason, (this.rejectedFrames.get(reason) ?? 0) + 1)
    }
  }
}
