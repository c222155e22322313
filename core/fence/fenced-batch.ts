// What the fence is told of a batch. Whatever the batch says, the fence can keep it: a store that refused would be
// asked the same again for ever.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import { MAX_DECLARED_LOSSES } from '../batch/raw-batch.ts'
import type { FencedBatch } from '../store/count-store.ts'
import { isPossibleLoss, MAX_LANE_FRAMES, MAX_TIME_MS } from './slot-request.ts'

/** The watermark never passes the append time. A live batch without packets says that none came until it was closed. */
export function fencedBatch(batch: EnrichedBatch, appendedAtMs: number): FencedBatch {
  const isObserved = batch.file === null && batch.epochStartedMs > 0
  const appendedSeconds = Math.floor(appendedAtMs / 1000)
  const closedAtMs = within(batch.closedAtMs, MAX_TIME_MS)
  return {
    name: batch.name,
    digest: batch.digest,
    countedPackets: batch.packets.length,
    rejectedFrames: batch.rejected,
    // Out of bounds it is as good as not said.
    framesBefore: batch.framesBefore <= MAX_LANE_FRAMES ? batch.framesBefore : 0,
    closedAtMs,
    kernelDrops: within(batch.kernelDrops, MAX_LANE_FRAMES),
    declaredLosses: batch.declaredLosses.filter(isPossibleLoss).slice(0, MAX_DECLARED_LOSSES),
    observedFromMs: isObserved ? within(batch.epochStartedMs, MAX_TIME_MS) : null,
    watermarkSeconds: Math.min(isObserved ? observedSeconds(batch) : newestSeconds(batch), appendedSeconds)
  }
}

function observedSeconds(batch: EnrichedBatch): number {
  return batch.packets.length === 0 && batch.rejected.length === 0
    ? Math.max(0, Math.floor(batch.closedAtMs / 1000))
    : newestSeconds(batch)
}

function newestSeconds({ packets: { seconds, length } }: EnrichedBatch): number {
  let newest = 0
  for (let row = 0; row < length; row++) if (seconds[row]! > newest) newest = seconds[row]!
  return newest
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, value))
}
