// Plays captures into a run's topics, and waits until all of it is counted.
import type { BatchLimits } from '../../core/batch/batcher.ts'
import { runPartition } from '../../core/batch/partition.ts'
import type { Bus } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import { batchFile } from '../sensor/file-batches.ts'

export interface ReplayOptions {
  readonly bus: Bus
  readonly store: CountStore
  /** The taggers' consumer group: what it has committed shows how far they are. */
  readonly taggerGroup: string
  readonly sensor: string
  readonly limits: BatchLimits
  /** Calls `check` again after this long while it waits. */
  readonly pollMs: number
}

export interface ReplayTotals {
  readonly packets: number
  readonly refusedFrames: number
  readonly failures: readonly PlayFailure[]
}

/** Publishes every file's batches. The same file gives the same names, so that playing it twice counts it once. */
export async function replayFiles(files: readonly string[], options: ReplayOptions): Promise<ReplayTotals> {
  const { bus, sensor, limits } = options
  const partitions = Math.min(await bus.partitions('packets.raw'), await bus.partitions('packets.enriched'))
  const failures: PlayFailure[] = []
  let packets = 0
  let refusedFrames = 0
  for (const file of files) {
    const batching = {
      sensor,
      epoch: null,
      epochStartedMs: 0,
      lane: 0,
      limits,
      withDigest: true,
      nowMs: null
    }
    try {
      await batchFile(file, batching, async (batch) => {
        await bus.publish('packets.raw', runPartition(batch.name, partitions), [batch])
        packets += batch.packets
        refusedFrames += batch.refused.length
      })
    } catch (error) {
      if (!(error instanceof StormpetrelError) || error.code === 'SP_KAFKA') throw error
      failures.push({ file, error })
    }
  }
  return { packets, refusedFrames, failures }
}

/** Resolves when all that is on the run's topics now is tagged and counted. */
export async function waitUntilCounted(options: ReplayOptions, isStopped: () => boolean): Promise<void> {
  while (!isStopped() && !(await isCounted(options))) {
    await new Promise((resolve) => setTimeout(resolve, options.pollMs))
  }
}

/** True where taggers and aggregators have reached the ends of their topics. */
async function isCounted({ bus, store, taggerGroup }: ReplayOptions): Promise<boolean> {
  const rawEnds = await bus.endOffsets('packets.raw')
  const tagged = await bus.groupOffsets('packets.raw', taggerGroup)
  if (rawEnds.some((end, partition) => (tagged[partition] ?? 0) < end)) return false
  return (await uncountedRecords(bus, store)) === 0
}

/** Records of packets.enriched that the store has not counted; 0 says that the counts are complete. */
export async function uncountedRecords(bus: Bus, store: CountStore): Promise<number> {
  const ends = await bus.endOffsets('packets.enriched')
  let records = 0
  for (const [partition, end] of ends.entries()) {
    records += Math.max(0, end - (await store.nextOffset('packets.enriched', partition)))
  }
  return records
}
