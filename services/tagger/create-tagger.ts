// A tagger with connections of its own, as the configuration says; `tagger` and `replay` both start it so.
import type { Log } from '../../adapters/log.ts'
import type { Configuration } from '../../core/configuration.ts'
import type { TaggingWorld } from '../../core/tagging/tag-record.ts'
import { createBus, groupOf } from '../connections.ts'
import type { Part } from '../life.ts'
import { TaggerCounters } from './metrics.ts'
import { Tagger } from './tagger.ts'

/** A tagger and what it stands on, not started yet. */
export interface TaggerParts {
  readonly tagger: Tagger
  readonly counters: TaggerCounters
  /** In the order in which they start. */
  readonly parts: readonly Part[]
}

/** Opens nothing yet. `run` null is live. */
export function createTagger(
  configuration: Configuration,
  run: string | null,
  world: TaggingWorld,
  log: Log,
  onFailure: (error: Error) => void
): TaggerParts {
  const counters = new TaggerCounters(run === null)
  const bus = createBus(configuration, run, ['packets.raw', 'packets.enriched', 'packets.rejected'], log)
  const group = groupOf(configuration, run, 'tagger')
  const tagger = new Tagger({ bus, group, world, counters, nowMs: Date.now, log, onFailure })
  return { tagger, counters, parts: [bus, tagger] }
}
