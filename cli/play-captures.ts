// What `tag` and `counts FILE...` share: captures in, tagged batches out, in this process.
import { performance } from 'node:perf_hooks'
import type { EnrichedBatch } from '../core/batch/enriched-batch.ts'
import type { RejectedFrame } from '../core/tagging/enrich-batch.ts'
import type { CaptureFile } from '../adapters/capture-files.ts'
import type { NeededGeo } from '../adapters/geo-files.ts'
import type { PlayFailure } from '../services/embedded/play-files.ts'
import type { CliContext } from './context.ts'
import { filesBySensor, sensorsFileOf } from './capture-sensors.ts'
import { Progress } from './progress.ts'

/** Which captures are read, as whose, and for what. */
export interface CaptureRequest {
  /** Files, or `-`; folders are expanded already. */
  readonly files: readonly CaptureFile[]
  /** The sensor that the files belong to; undefined takes that of their folder, or the only one there is. */
  readonly sensor: string | undefined
  /** Geo data that the answer needs. */
  readonly needed: NeededGeo
  /** True where records are printed while files are read. */
  readonly isPrinting: boolean
}

/**
 * Reads the files in turn and calls `onBatch` for each batch, which is overwritten by the next. A damaged file is
 * used up to its damage; then each such file is said on stderr, and the exit code is 1. `done` runs before that.
 */
export async function playCaptures(
  context: CliContext,
  request: CaptureRequest,
  onBatch: (batch: EnrichedBatch, rejected: readonly RejectedFrame[]) => void | Promise<void>,
  done: () => Promise<void>
): Promise<void> {
  const [{ loadWorld }, { playFiles }] = await Promise.all([
    import('../services/tagger/world.ts'),
    import('../services/embedded/play-files.ts')
  ])
  const sensorsFile = await sensorsFileOf(context.configuration().sensorsFile, request.files)
  const { world, sensors } = await loadWorld(
    { ...context.configuration(), sensorsFile },
    false,
    request.needed
  )
  const isBarInTheWay = request.isPrinting && context.stdout.isTTY === true
  const names = request.files.map(({ name }) => name)
  const progress = new Progress(context.stderr, names, isBarInTheWay, () => performance.now())
  const failures: PlayFailure[] = []
  for (const { sensor, files } of filesBySensor(sensors, request.sensor, request.files)) {
    const options = { sensor, facts: world.sensorFacts(sensor)!, context: world }
    const failed = await playFiles(files, options, (batch, rejected) => {
      progress.add(batch.file, batch.packets.length + rejected.length)
      return onBatch(batch, rejected)
    })
    failures.push(...failed)
  }
  progress.end()
  await done()
  for (const { error } of failures) context.fail(error)
}
