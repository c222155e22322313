// `stormpetrel aggregator`: builds the parts, in order, from the configuration.
import type { Configuration } from '../../core/configuration.ts'
import { createServiceServer } from '../http/service-endpoints.ts'
import { Life, withParts } from '../life.ts'
import { processLog } from '../log.ts'
import { Exposition } from '../metrics/exposition.ts'
import { aggregatorReadings, buildReading } from '../metrics/readings.ts'
import { requireRun } from '../replay/runs.ts'
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
  const exposition = new Exposition(() => [
    buildReading(version, 'aggregator'),
    ...aggregatorReadings(counters, aggregator.lagRecords())
  ])
  let isReady = false
  const address = { host: configuration.metricsHost, port: configuration.metricsPort }
  const server = createServiceServer(address, exposition, () => isReady && !life.isEnding)
  await withParts(
    [server, ...parts],
    async () => {
      isReady = true
      log('info', 'aggregator is ready', { run, metrics: `${server.url}/metrics` })
      await life.untilEnd()
    },
    configuration.stopSeconds * 1000
  )
}
