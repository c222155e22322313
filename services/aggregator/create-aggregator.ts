// An aggregator with connections of its own, as the configuration says; `aggregator` and `replay` both start it so.
import type { Log } from '../../adapters/log.ts'
import type { Configuration } from '../../core/configuration.ts'
import { createBus, createStore, groupOf } from '../connections.ts'
import type { Part } from '../life.ts'
import { Aggregator } from './aggregator.ts'
import { Housekeeping } from './housekeeping.ts'
import { AggregatorCounters } from './metrics.ts'

/** An aggregator and what it stands on, not started yet. */
export interface AggregatorParts {
  readonly aggregator: Aggregator
  readonly counters: AggregatorCounters
  /** In the order in which they start. */
  readonly parts: readonly Part[]
}

/** Opens nothing yet. `run` null is live. */
export function createAggregator(
  configuration: Configuration,
  run: string | null,
  log: Log,
  onFailure: (error: Error) => void
): AggregatorParts {
  const counters = new AggregatorCounters(run === null)
  const bus = createBus(configuration, run, ['packets.enriched', 'packets.rejected'], log, {
    isCounting: true
  })
  const store = createStore(configuration, run, 'write', (what, error) =>
    log('error', 'what is stored cannot be read', { what, error: String(error) })
  )
  const { flushIntervalMs, flushPackets } = configuration
  const aggregator = new Aggregator({
    bus,
    group: groupOf(configuration, run, 'aggregator'),
    store,
    flushIntervalMs,
    flushPackets,
    counters,
    nowMs: Date.now,
    log,
    onFailure
  })
  const housekeeping = new Housekeeping({ store, bus, isLive: run === null, counters, log, onFailure })
  return { aggregator, counters, parts: [store, bus, aggregator, housekeeping] }
}
