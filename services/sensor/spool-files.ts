// `sensor FILE...`: captures through the spool, each file a lane of its own of this start's epoch.
import type { CaptureFile } from '../../adapters/capture-files.ts'
import type { Spool } from '../../adapters/spool.ts'
import { SPOOLED_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { packetsOutsideClock } from '../../core/batch/clock-rule.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { Rehearsal } from '../../core/batch/rehearsal.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import type { Life } from '../life.ts'
import { batchFile, FILE_FAULTS } from './file-batches.ts'
import type { SensorResult } from './main.ts'
import type { SensorCounters } from './metrics.ts'

/**
 * With a rehearsal frames come as it says. Resolves when all of it, and whatever was spooled before, is acknowledged. A full spool is waited for. Where nothing
 * can be sent (`life` fails), what there is room for is spooled all the same, and then this rejects.
 */
export async function spoolFiles(
  files: readonly CaptureFile[],
  sensor: string,
  spool: Spool,
  counters: SensorCounters,
  life: Life,
  rehearsal: Rehearsal | null
): Promise<SensorResult> {
  const failures: PlayFailure[] = []
  let outsideClock = 0
  const { epoch, epochStartedMs } = spool
  for (const [lane, file] of files.entries()) {
    const batching = { sensor, epoch, epochStartedMs, lane, limits: SPOOLED_BATCH_LIMITS }
    const once = { withDigest: true, reusesMemory: true, nowMs: Date.now }
    const options = { ...batching, ...once, ...(rehearsal === null ? {} : { rehearsal }) }
    try {
      await batchFile(file, { ...options, takeLosses: () => spool.nextLosses() }, async (batch) => {
        counters.receivedBytes += batch.capture.length
        outsideClock += packetsOutsideClock(batch)
        await life.unlessFailed(spool.untilRoom(() => false))
        await spool.append(batch, null)
      })
    } catch (error) {
      if (!(error instanceof StormpetrelError) || !FILE_FAULTS.has(error.code)) throw error
      failures.push({ file: file.name, error })
    }
  }
  await life.unlessFailed(spool.untilEmpty())
  return { failures, packetsOutsideClock: outsideClock }
}
