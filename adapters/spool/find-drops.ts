// Which batches of a segment a drop would take, read from the segment itself: no memory is spent on those that wait.
import type { DeclaredLoss } from '../../core/batch/raw-batch.ts'
import type { Segment } from './segment.ts'
import { SegmentCursor } from './segment-cursor.ts'

/** A batch as a loss. */
export interface FoundDrop {
  readonly sequence: number
  readonly spooledAtMs: number
  readonly loss: DeclaredLoss
}

/** The waiting batches of a segment, in order. */
export async function findDrops(
  segment: Segment,
  isWaiting: (sequence: number) => boolean
): Promise<FoundDrop[]> {
  const cursor = new SegmentCursor(segment)
  const drops: FoundDrop[] = []
  try {
    for (;;) {
      const read = await cursor.next()
      if (read === null || read === 'bad') return drops
      if (read.record.kind !== 'batch' || !isWaiting(read.record.entry.sequence)) continue
      const { sequence, epoch, lane, number, frames, spooledAtMs } = read.record.entry
      const loss = { epoch, lane, from: number, to: number, frames, kind: 'spool-drop' as const }
      drops.push({ sequence, spooledAtMs, loss })
    }
  } finally {
    await cursor.close()
  }
}
