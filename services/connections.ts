// The real bus and store, as the configuration names them: live, or of one run.
import { KafkajsBus } from '../adapters/kafkajs-bus.ts'
import type { Log } from '../adapters/log.ts'
import { RedisStore } from '../adapters/redis-store.ts'
import type { Configuration } from '../core/configuration.ts'
import type { TopicName } from '../core/bus.ts'
import type { Retention } from '../core/store/retention.ts'
import { LIVE_NAMESPACE, runNamespace, runTopicPrefix } from '../core/store/run-settings.ts'

/** The prefix of the topics of a run, or of the live ones where `run` is null. */
export function topicPrefixOf(configuration: Configuration, run: string | null): string {
  return configuration.topicPrefix + (run === null ? '' : runTopicPrefix(run))
}

/** The consumer group of a service: live and runs never share one. */
export function groupOf(configuration: Configuration, run: string | null, service: string): string {
  return `stormpetrel.${topicPrefixOf(configuration, run)}${service}`
}

/** Opens nothing yet. `topics` are those that the service writes or reads: their schemas are looked up at the start. */
export function createBus(
  configuration: Configuration,
  run: string | null,
  topics: readonly TopicName[],
  log: Log
): KafkajsBus {
  return new KafkajsBus({
    brokers: configuration.kafkaBrokers,
    registryUrl: configuration.registryUrl,
    topicPrefix: topicPrefixOf(configuration, run),
    topics,
    log
  })
}

/** Opens nothing yet. A run keeps its counts until it is deleted. */
export function createStore(configuration: Configuration, run: string | null): RedisStore {
  return new RedisStore({
    url: configuration.redisUrl,
    namespace: run === null ? `${LIVE_NAMESPACE}${liveSuffix(configuration)}` : runNamespace(run),
    slots: configuration.slots,
    dayZones: configuration.dayTimeZones.filter((zone) => zone !== 'UTC'),
    retention: run === null ? retentionOf(configuration) : null
  })
}

/** Deployments that share a Redis are kept apart by their topic prefix. */
function liveSuffix({ topicPrefix }: Configuration): string {
  return topicPrefix === '' ? '' : `:${topicPrefix}`
}

function retentionOf(configuration: Configuration): Retention {
  return {
    minuteHours: configuration.minuteRetentionHours,
    hourDays: configuration.hourRetentionDays,
    dayDays: configuration.dayRetentionDays
  }
}
