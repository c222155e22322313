// Plays captures into a run's topics, and waits until all of it is counted.
import type { CaptureFile } from '../../adapters/capture-files.ts'
import type { BatchLimits } from '../../core/batch/batcher.ts'
import { runPartition } from '../../core/batch/partition.ts'
import type { Bus } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import { batchFile } from '../sensor/file-batches.ts'
import { pendingRecords } from './completeness.ts'

/** Where captures are played to, and as whose. */
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

/** What was published of all files, and which of them were not read to their end. */
export interface ReplayTotals {
  readonly packets: number
  readonly refusedFrames: number
  readonly failures: readonly PlayFailure[]
}

/** Publishes every file's batches. The same file gives the same names, so that playing it twice counts it once. */
export async function replayFiles(
  files: readonly CaptureFile[],
  options: ReplayOptions
): Promise<ReplayTotals> {
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
      failures.push({ file: file.name, error })
    }
  }
  return { packets, refusedFrames, failures }
}

/** True when all that is on the run's topics now is tagged and counted; false where it was stopped before. */
export async function waitUntilCounted(options: ReplayOptions, isStopped: () => boolean): Promise<boolean> {
  while (!(await isCounted(options))) {
    if (isStopped()) return false
    await new Promise((resolve) => setTimeout(resolve, options.pollMs))
  }
  return true
}

async function isCounted({ bus, store, taggerGroup }: ReplayOptions): Promise<boolean> {
  const { untagged, uncounted } = await pendingRecords(bus, store, taggerGroup)
  return untagged === 0 && uncounted === 0
}
