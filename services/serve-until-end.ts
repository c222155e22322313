// What every service that works until it is told to end does around its parts: /metrics, readiness, and a limit for the end.
import type { Log } from '../adapters/log.ts'
import type { Configuration } from '../core/configuration.ts'
import { createServiceServer } from './http/service-endpoints.ts'
import { type Life, type Part, withParts } from './life.ts'
import { Exposition } from './metrics/exposition.ts'
import { buildReading } from './metrics/readings.ts'
import type { MetricReading } from './metrics/metric-table.ts'

/** A service whose parts are made, and not started yet. */
export interface Service {
  /** As its metrics and its log call it. */
  readonly name: string
  readonly version: string
  /** In the order in which they start. */
  readonly parts: readonly Part[]
  /** Asked at every scrape. */
  readonly readings: () => readonly MetricReading[]
  readonly log: Log
  /** Logged when it is ready, beside the address of its metrics. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/**
 * Starts the parts, and runs until SIGTERM or SIGINT; they then finish what they hold within STORMPETREL_STOP_SECONDS.
 * Rejects where a part fails or does not finish: the process is to exit then, whatever is still open.
 */
export async function serveUntilEnd(
  configuration: Configuration,
  life: Life,
  service: Service
): Promise<void> {
  const { name, version, parts, readings, log, facts = {} } = service
  const exposition = new Exposition(() => [buildReading(version, name), ...readings()])
  let isReady = false
  const address = { host: configuration.metricsHost, port: configuration.metricsPort }
  const server = createServiceServer(address, exposition, () => isReady && !life.isEnding)
  await withParts(
    [server, ...parts],
    async () => {
      isReady = true
      log('info', `${name} is ready`, { ...facts, metrics: `${server.url}/metrics` })
      await life.untilEnd()
    },
    configuration.stopSeconds * 1000
  )
}
