// Whether a run is counted to the end of its topics: asked by whoever reads its counts.
import { NO_LOG } from '../../adapters/log.ts'
import type { Bus } from '../../core/bus.ts'
import type { Configuration } from '../../core/configuration.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import { createBus, createStore, groupOf } from '../connections.ts'
import { withParts } from '../life.ts'

/** Records that wait for a tagger, and those that wait for an aggregator. */
export interface PendingRecords {
  readonly untagged: number
  readonly uncounted: number
}

/** What is known of a run: `incomplete` where records wait, `unknown`, with the reason, where nobody can say. */
export type Completeness =
  | { readonly kind: 'complete' }
  | ({ readonly kind: 'incomplete' } & PendingRecords)
  | { readonly kind: 'unknown'; readonly reason: string; readonly isKafkaAway: boolean }

/** Longest that a reader of counts waits for Kafka. */
const PATIENCE_MS = 4000

/**
 * Asks Kafka and the store, a few seconds at most; never throws for what an operator must mend. Where the time is up
 * the bus ends by itself when it has given up, which can take a minute.
 */
export async function runCompleteness(configuration: Configuration, run: string): Promise<Completeness> {
  const bus = createBus(configuration, run, [], NO_LOG, { patienceMs: PATIENCE_MS })
  const store = createStore(configuration, run, 'read')
  const isLate = AbortSignal.timeout(PATIENCE_MS)
  const late = new Promise<never>((_, reject) => {
    isLate.addEventListener('abort', () => reject(kafkaIsLate(configuration)))
  })
  // Nobody waits for it where the store fails first.
  late.catch(() => undefined)
  try {
    return await withParts([store], () => Promise.race([askBus(bus, store, configuration, run), late]))
  } catch (error) {
    if (!(error instanceof StormpetrelError)) throw error
    return { kind: 'unknown', reason: error.message, isKafkaAway: error.code === 'SP_KAFKA' }
  }
}

async function askBus(
  bus: Bus,
  store: CountStore,
  configuration: Configuration,
  run: string
): Promise<Completeness> {
  return await withParts([bus], async () => {
    const pending = await pendingRecords(bus, store, groupOf(configuration, run, 'tagger'))
    const isComplete = pending.untagged === 0 && pending.uncounted === 0
    return isComplete ? { kind: 'complete' } : { kind: 'incomplete', ...pending }
  })
}

/** What is on the topics now and not in the counts; nothing where a run is complete. */
export async function pendingRecords(
  bus: Bus,
  store: CountStore,
  taggerGroup: string
): Promise<PendingRecords> {
  // Raw before enriched: what is tagged in between is then seen as one or the other.
  const rawEnds = await bus.endOffsets('packets.raw')
  const tagged = await bus.groupOffsets('packets.raw', taggerGroup)
  const enrichedEnds = await bus.endOffsets('packets.enriched')
  const counted = await store.countedUpTo('packets.enriched', enrichedEnds.length)
  let untagged = 0
  let uncounted = 0
  for (const [partition, end] of enrichedEnds.entries()) {
    // Kafka forgets what a group without members has committed; then each raw record has its enriched one.
    const done = (tagged[partition] ?? 0) > 0 ? tagged[partition]! : end
    untagged += Math.max(0, (rawEnds[partition] ?? 0) - done)
    uncounted += Math.max(0, end - counted[partition]!)
  }
  return { untagged, uncounted }
}

function kafkaIsLate({ kafkaBrokers }: Configuration): StormpetrelError {
  return new StormpetrelError(
    'SP_KAFKA',
    `Kafka at ${kafkaBrokers.join(', ')}: no answer in ${PATIENCE_MS / 1000} s; see that the brokers run and can be reached from here`
  )
}
