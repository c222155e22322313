// The ledger as an operator reads it: one list over all slots, and whether it adds up.
import type { LaneGap, Ledger, LostRecords, SensorTotals } from './count-store.ts'

/** One ledger of the slots' parts; records that several slots lost are shown once, from the lowest offset. */
export function joinLedgers(parts: readonly Ledger[]): Ledger {
  return {
    sensors: joinTotals(parts.map(({ sensors }) => sensors)),
    gaps: parts
      .flatMap(({ gaps }) => gaps)
      .sort((a, b) => bySensor(a, b) || a.sinceSeconds - b.sinceSeconds || byPlace(a, b)),
    unobserved: parts
      .flatMap(({ unobserved }) => unobserved)
      .sort((a, b) => bySensor(a, b) || a.fromMs - b.fromMs),
    lostRecords: joinLost(parts.flatMap(({ lostRecords }) => lostRecords))
  }
}

/** One list of the slots' totals; each sensor lies in one slot. */
export function joinTotals(parts: readonly (readonly SensorTotals[])[]): SensorTotals[] {
  return parts.flat().sort(bySensor)
}

function bySensor(a: { readonly sensor: string }, b: { readonly sensor: string }): number {
  return a.sensor < b.sensor ? -1 : Number(a.sensor > b.sensor)
}

function byPlace(a: LaneGap, b: LaneGap): number {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  return a.lane - b.lane || a.from - b.from
}

function joinLost(records: readonly LostRecords[]): LostRecords[] {
  const joined = new Map<string, LostRecords>()
  for (const one of records) {
    const key = `${one.topic}|${one.partition}|${one.to}`
    const known = joined.get(key)
    if (known === undefined || one.from < known.from) joined.set(key, one)
  }
  return [...joined.values()].sort((a, b) => a.partition - b.partition || a.from - b.from)
}

/** Frames rejected, for whatever reason. */
export function rejectedFramesOf({ rejectedFrames }: SensorTotals): number {
  return Object.values(rejectedFrames).reduce((sum, frames) => sum + frames, 0)
}

/** Captured frames less all that is known to have become of them: 0 where the ledger adds up. */
export function unexplainedFrames(totals: SensorTotals): number {
  const { capturedFrames, countedPackets, droppedFrames, lostFrames, gapFrames } = totals
  return capturedFrames - countedPackets - rejectedFramesOf(totals) - droppedFrames - lostFrames - gapFrames
}
