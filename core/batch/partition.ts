// Which partition a lane has for life.
import { fnv1a } from '../store/slot.ts'
import type { BatchName } from './name.ts'

/**
 * The partition of a live sensor's lane: by sensor and lane alone, so that every epoch of a sensor keeps its order.
 * `partitions` is the smaller partition count of packets.raw and packets.enriched.
 */
export function livePartition(name: BatchName, partitions: number): number {
  return fnv1a(`${name.sensor}|${name.lane}`) % partitions
}

/** The partition of a file's batches in a run: by file, so that the files of one sensor are worked on side by side. */
export function runPartition(name: BatchName, partitions: number): number {
  return fnv1a(`${name.sensor}|${name.epoch}|${name.lane}`) % partitions
}
