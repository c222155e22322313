// What a ledger says of how complete the counts are.
import type { Ledger } from '../store/count-store.ts'

/** Frames that became no packet, by reason, over all sensors. */
export function rejectedReasons({ sensors }: Ledger): { readonly reason: string; readonly frames: number }[] {
  const reasons = new Map<string, number>()
  for (const { rejectedFrames } of sensors) {
    for (const [reason, frames] of Object.entries(rejectedFrames))
      reasons.set(reason, (reasons.get(reason) ?? 0) + frames)
  }
  return [...reasons].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, frames]) => ({ reason, frames }))
}

/** Frames that sensors numbered and that did not arrive. */
export function missingFramesOf({ sensors }: Ledger): number {
  return sensors.reduce(
    (sum, { droppedFrames, lostFrames, gapFrames }) => sum + droppedFrames + lostFrames + gapFrames,
    0
  )
}
