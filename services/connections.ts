// The real bus and store, as the configuration names them: live, or of one run.
import { KafkajsBus } from '../adapters/kafkajs-bus.ts'
import type { Log } from '../adapters/log.ts'
import { RedisRunList } from '../adapters/redis-run-list.ts'
import { RedisStore } from '../adapters/redis-store.ts'
import type { Configuration } from '../core/configuration.ts'
import type { TopicName } from '../core/bus.ts'
import type { Retention } from '../core/store/retention.ts'
import { liveNamespace, runListKey, runNamespace, runTopicPrefix } from '../core/store/run-settings.ts'

/** The prefix of the topics of a run, or of the live ones where `run` is null. */
export function topicPrefixOf(configuration: Configuration, run: string | null): string {
  return configuration.topicPrefix + (run === null ? '' : runTopicPrefix(run))
}

/** The consumer group of a service: live and runs never share one. */
export function groupOf(configuration: Configuration, run: string | null, service: string): string {
  return `stormpetrel.${topicPrefixOf(configuration, run)}${service}`
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

/**
 * Opens nothing yet. A run keeps its counts until it is deleted. Whoever only asks has `read` access and makes nothing.
 * Whoever keeps it in order is told of what cannot be read.
 */
export function createStore(
  configuration: Configuration,
  run: string | null,
  access: 'read' | 'write',
  onUnreadable: (what: string, error: unknown) => void = () => undefined
): RedisStore {
  const { redisUrl, topicPrefix } = configuration
  return new RedisStore({
    url: redisUrl,
    namespace: run === null ? liveNamespace(topicPrefix) : runNamespace(topicPrefix, run),
    access,
    onUnreadable,
    slots: configuration.slots,
    dayZones: configuration.dayTimeZones.filter((zone) => zone !== 'UTC'),
    laneDays: Math.ceil((configuration.spoolAgeHours + configuration.topicRetentionHours) / 24) + 1,
    retention: run === null ? retentionOf(configuration) : null
  })
}

/** Opens nothing yet. */
export function createRunList({ redisUrl, topicPrefix }: Configuration): RedisRunList {
  return new RedisRunList(redisUrl, runListKey(topicPrefix))
}

function retentionOf(configuration: Configuration): Retention {
  return {
    minuteHours: configuration.minuteRetentionHours,
    hourDays: configuration.hourRetentionDays,
    dayDays: configuration.dayRetentionDays
  }
}
