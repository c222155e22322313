// The real bus, as the configuration names it: live, or of one run. A sensor has no store, and without the code of one it is
// 12 MiB smaller.
import { KafkajsBus } from '../adapters/kafkajs-bus.ts'
import type { Log } from '../adapters/log.ts'
import type { TopicName } from '../core/bus.ts'
import type { Configuration } from '../core/configuration.ts'
import { runTopicPrefix } from '../core/store/run-settings.ts'

/** The prefix of the topics of a run, or of the live ones where `run` is null. */
export function topicPrefixOf(configuration: Configuration, run: string | null): string {
  return configuration.topicPrefix + (run === null ? '' : runTopicPrefix(run))
}

/** What not every service wants of its bus. */
export interface BusWishes {
  /** Brokers and a registry that do not answer are given up after this time; a registry is else waited for at the start. */
  readonly patienceMs?: number
  /** Reads of packets.enriched only what is counted by. */
  readonly isCounting?: boolean
}

/** Opens nothing yet. `topics` are those that the service writes or reads: their schemas are looked up at the start. */
export function createBus(
  configuration: Configuration,
  run: string | null,
  topics: readonly TopicName[],
  log: Log,
  { patienceMs, isCounting = false }: BusWishes = {}
): KafkajsBus {
  return new KafkajsBus({
    brokers: configuration.kafkaBrokers,
    registryUrl: configuration.registryUrl,
    topicPrefix: topicPrefixOf(configuration, run),
    topics,
    isCounting,
    log,
    patienceMs: patienceMs ?? configuration.kafkaPatienceSeconds * 1000,
    ...(patienceMs === undefined
      ? { registryPatienceMs: Number.POSITIVE_INFINITY }
      : { startPatienceMs: patienceMs })
  })
}
