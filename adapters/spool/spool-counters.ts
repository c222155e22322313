// What a spool counts since its process started.
import type { DropReason } from '../../core/spool/spool-records.ts'

/** Plain numbers; services/metrics exposes them. */
export class SpoolCounters {
  /** Bytes of a torn tail that were cut off at the start. */
  cutBytes = 0
  /** Segments that the disk gave back otherwise than they were written. */
  damagedSegments = 0
  readonly dropped = new Map<DropReason, { batches: number; frames: number }>()

  drop(reason: DropReason, batches: number, frames: number): void {
    const counts = this.dropped.get(reason) ?? { batches: 0, frames: 0 }
    counts.batches += batches
    counts.frames += frames
    this.dropped.set(reason, counts)
  }
}
