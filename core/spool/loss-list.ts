// Losses that are to be declared: adjacent dropped ranges of one lane are one loss.
import type { DeclaredLoss } from '../batch/raw-batch.ts'

/** Bytes that one loss takes in a batch, at most: its epoch's 64 digits, its kind, its numbers. */
export const MAX_LOSS_BYTES = 128

/** Adds a loss; where it is adjacent to a dropped range of its lane, or to one on either side, they become one. */
export function withLoss(losses: readonly DeclaredLoss[], loss: DeclaredLoss): DeclaredLoss[] {
  if (loss.kind === 'epoch-end') return [...losses, loss]
  const others: DeclaredLoss[] = []
  let joined = loss
  for (const other of losses) {
    const isOfLane = other.kind === loss.kind && other.epoch === loss.epoch && other.lane === loss.lane
    if (isOfLane && (other.to + 1 === joined.from || joined.to + 1 === other.from)) {
      joined = {
        ...joined,
        from: Math.min(other.from, joined.from),
        to: Math.max(other.to, joined.to),
        frames: other.frames + joined.frames
      }
    } else others.push(other)
  }
  return [...others, joined]
}

/** The losses that are not in `declared`. */
export function withoutLosses(
  losses: readonly DeclaredLoss[],
  declared: readonly DeclaredLoss[]
): readonly DeclaredLoss[] {
  if (declared.length === 0) return losses
  const keys = new Set(declared.map(keyOf))
  return losses.filter((loss) => !keys.has(keyOf(loss)))
}

function keyOf({ kind, epoch, lane, from, to }: DeclaredLoss): string {
  return `${kind} ${epoch} ${lane} ${from} ${to}`
}
