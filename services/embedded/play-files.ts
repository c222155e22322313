// Captures to enriched batches in one process, without a bus: what `tag` and `counts FILE...` stand on.
import type { CaptureFile } from '../../adapters/capture-files.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import { DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { MAX_BATCH_FRAMES } from '../../core/batch/raw-batch.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import {
  type EnrichContext,
  enrichBatch,
  type RejectedFrame,
  type SensorFacts
} from '../../core/tagging/enrich-batch.ts'
import { batchFile } from '../sensor/file-batches.ts'

/** As whose the files are played, and what their packets are tagged with. */
export interface PlayOptions {
  readonly sensor: string
  readonly facts: SensorFacts
  readonly context: EnrichContext
}

/** A file that could not be read to its end, and why. */
export interface PlayFailure {
  readonly file: string
  readonly error: StormpetrelError
}

/**
 * Reads each file in turn. The batch and its columns are overwritten by the next: use them before returning.
 * A file that is damaged or unreadable loses only what follows the damage; the others are read, and the failures
 * are answered at the end.
 */
export async function playFiles(
  files: readonly CaptureFile[],
  options: PlayOptions,
  onBatch: (batch: EnrichedBatch, rejected: readonly RejectedFrame[]) => void | Promise<void>
): Promise<PlayFailure[]> {
  const columns = new PacketColumns(MAX_BATCH_FRAMES)
  const failures: PlayFailure[] = []
  for (const file of files) {
    try {
      // The epoch names nothing here: no batch leaves the process.
      const batching = {
        sensor: options.sensor,
        epoch: '0',
        epochStartedMs: 0,
        lane: 0,
        limits: DEFAULT_BATCH_LIMITS
      }
      const once = { withDigest: false, reusesMemory: true, nowMs: null }
      await batchFile(file, { ...batching, ...once }, (raw) => {
        const { batch, rejected } = enrichBatch(raw, options.facts, options.context, columns)
        return onBatch(batch, rejected)
      })
    } catch (error) {
      if (!(error instanceof StormpetrelError)) throw error
      failures.push({ file: file.name, error })
    }
  }
  return failures
}
