// `stormpetrel replay`: captures into the bus as a run, with workers of its own, until everything is counted.
import type { Log } from '../../adapters/log.ts'
import { DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import type { Configuration } from '../../core/configuration.ts'
import { runSettings } from '../../core/store/run-settings.ts'
import { createAggregator } from '../aggregator/create-aggregator.ts'
import { createBus, createRunList, createStore, groupOf } from '../connections.ts'
import { Life, type Part, withParts } from '../life.ts'
import { processLog } from '../log.ts'
import { createTagger } from '../tagger/create-tagger.ts'
import { loadWorld } from '../tagger/world.ts'
import { playUntilCounted, type ReplayResult, type SensorCapture } from './replay.ts'
import { makeRunTopics } from './run-topics.ts'
import type { CountStore } from '../../core/store/count-store.ts'

/** Which captures are played into which run, and with how many workers. */
export interface ReplayRequest {
  /** In the order in which they are played: by time, since what is far older than the newest packet comes late. */
  readonly files: readonly SensorCapture[]
  readonly run: string
  /** The sensor that all captures are of; null where they are of several. */
  readonly sensor: string | null
  /** The scenario that the packets were made from; null for real ones. */
  readonly synthetic: string | null
  /** Workers in this process; 0 leaves the work to `tagger --run` and `aggregator --run` elsewhere. */
  readonly taggers: number
  readonly aggregators: number
  /** Told of every batch that is published: the capture's name, and its packets and refused frames. */
  readonly onBatch: (file: string, frames: number) => void
}

const POLL_MS = 200

/**
 * Resolves when all of it is counted, or when the process is told to stop, whatever it is at. Rejects where a worker
 * fails.
 */
export async function runReplay(configuration: Configuration, request: ReplayRequest): Promise<ReplayResult> {
  const log = processLog('replay')
  const life = new Life()
  const limits = { ...DEFAULT_BATCH_LIMITS, packetTimeSeconds: 3600 }
  const runs = createRunList(configuration)
  const bus = createBus(configuration, request.run, ['packets.raw'], log)
  const store = createStore(configuration, request.run, 'write')
  return await withParts([runs], async () => {
    const settings = runSettings(request.sensor, limits, configuration.partitions, request.synthetic)
    await runs.open(request.run, settings, Date.now())
    await makeRunTopics(configuration, request.run, log)
    return await withParts([store, bus, ...(await workers(configuration, request, log, life))], async () => {
      log('info', 'run is ready for its workers', { run: request.run })
      const taggerGroup = groupOf(configuration, request.run, 'tagger')
      const { onBatch } = request
      const options = { bus, store, taggerGroup, limits, pollMs: POLL_MS, onBatch }
      const result = await playUntilCounted(request.files, options, life)
      if (result.stored !== null) await rollAll(store, log)
      return result
    })
  })
}

/** What is kept from now on takes little room, and is read quickly. The counts are the same without it. */
async function rollAll(store: CountStore, log: Log): Promise<void> {
  try {
    await store.roll(Number.POSITIVE_INFINITY)
  } catch (error) {
    log('warn', 'the counts of the run are whole, and take more room than they need', {
      error: String(error)
    })
  }
}

/** Each worker has its own connections, as it would in a process of its own. */
async function workers(
  configuration: Configuration,
  request: ReplayRequest,
  log: Log,
  life: Life
): Promise<Part[]> {
  const { run, taggers, aggregators } = request
  const parts: Part[] = []
  for (let i = 0; i < aggregators; i++)
    parts.push(...createAggregator(configuration, run, log, life.fail).parts)
  if (taggers === 0) return parts
  const { world } = await loadWorld(configuration, false)
  for (let i = 0; i < taggers; i++)
    parts.push(...createTagger(configuration, run, world, log, life.fail).parts)
  return parts
}
