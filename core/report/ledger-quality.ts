// What a ledger says of how complete the counts are.
import type { Ledger } from '../store/count-store.ts'
import type { DataQuality } from './model.ts'

/** Sensors whose frames are meant. */
type IsOurs = (sensor: string) => boolean

/** Frames of some sensors that became no packet, by reason. */
export function rejectedReasons({ sensors }: Ledger, isOurs: IsOurs): DataQuality['rejectedFrames'] {
  const reasons = new Map<string, number>()
  for (const { sensor, rejectedFrames } of sensors) {
    if (!isOurs(sensor)) continue
    for (const [reason, frames] of Object.entries(rejectedFrames))
      reasons.set(reason, (reasons.get(reason) ?? 0) + frames)
  }
  return byReason(reasons)
}

/** Frames by reason, in order of the reasons. */
export function byReason(reasons: ReadonlyMap<string, number>): DataQuality['rejectedFrames'] {
  return [...reasons].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, frames]) => ({ reason, frames }))
}

/** Frames that some sensors numbered and that did not arrive. */
export function missingFramesOf({ sensors }: Ledger, isOurs: IsOurs): number {
  return sensors
    .filter(({ sensor }) => isOurs(sensor))
    .reduce(
      (sum, { droppedFrames, lostFrames, gapFrames }) => sum + droppedFrames + lostFrames + gapFrames,
      0
    )
}
