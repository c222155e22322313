// What a sensor counts, a batch at a time; published when Prometheus asks.
import type { RawBatch } from '../../core/batch/raw-batch.ts'

/** Plain numbers; services/metrics exposes them. */
export class SensorCounters {
  batches = 0
  packets = 0
  /** Bytes of headers in the batches that were published. */
  bytes = 0
  /** Packets that the kernel dropped since the start. */
  kernelDrops = 0
  readonly rejectedFrames = new Map<string, number>()

  /** Counts a batch that was published. */
  count(batch: RawBatch): void {
    this.batches += 1
    this.packets += batch.packets
    this.bytes += batch.capture.length
    for (const { reason } of batch.refused) {
      this.rejectedFrames.set(reason, (this.rejectedFrames.get(reason) ?? 0) + 1)
    }
  }
}
