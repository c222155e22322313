// `stormpetrel tagger`: builds the parts, in order, from the configuration.
import type { Configuration } from '../../core/configuration.ts'
import { Life } from '../life.ts'
import { processLog } from '../log.ts'
import { taggerReadings, worldReadings } from '../metrics/readings.ts'
import { requireRun } from '../replay/runs.ts'
import { serveUntilEnd } from '../serve-until-end.ts'
import { createTagger } from './create-tagger.ts'
import { loadWorld } from './world.ts'

/**
 * Runs until SIGTERM or SIGINT, then finishes what it holds within STORMPETREL_STOP_SECONDS. `run` null is live.
 * Rejects where a part fails or does not finish: the process is to exit then, whatever is still open.
 */
export async function runTagger(
  configuration: Configuration,
  run: string | null,
  version: string
): Promise<void> {
  const log = processLog('tagger')
  const life = new Life()
  if (run !== null) await requireRun(configuration, run)
  const loaded = await loadWorld(configuration, run === null)
  for (const note of loaded.notes) log('warn', 'something is missing', { note })
  const { tagger, counters, parts } = createTagger(configuration, run, loaded.world, log, life.fail)
  const readings = () => [
    ...taggerReadings(counters, tagger.lagRecords()),
    ...(run === null ? worldReadings(loaded, Date.now() / 1000) : [])
  ]
  await serveUntilEnd(configuration, life, { name: 'tagger', version, parts, readings, log, facts: { run } })
}
