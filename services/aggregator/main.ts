// `stormpetrel aggregator`: builds the parts, in order, from the configuration.
import type { Configuration } from '../../core/configuration.ts'
import { Life } from '../life.ts'
import { processLog } from '../log.ts'
import { aggregatorReadings } from '../metrics/readings.ts'
import { requireRun } from '../replay/runs.ts'
import { serveUntilEnd } from '../serve-until-end.ts'
import { createAggregator } from './create-aggregator.ts'

/**
 * Runs until SIGTERM or SIGINT, then finishes what it holds within STORMPETREL_STOP_SECONDS. `run` null is live.
 * Rejects where a part fails or does not finish: the process is to exit then, whatever is still open.
 */
export async function runAggregator(
  configuration: Configuration,
  run: string | null,
  version: string
): Promise<void> {
  const log = processLog('aggregator')
  const life = new Life()
  if (run !== null) await requireRun(configuration, run)
  const { aggregator, counters, parts } = createAggregator(configuration, run, log, life.fail)
  const readings = () => aggregatorReadings(counters, aggregator.lagRecords())
  await serveUntilEnd(configuration, life, {
    name: 'aggregator',
    version,
    parts,
    readings,
    log,
    facts: { run }
  })
}
