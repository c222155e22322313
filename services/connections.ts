// The real bus and store, as the configuration names them: live, or of one run.
import { RedisRunList } from '../adapters/redis-run-list.ts'
import { RedisStore } from '../adapters/redis-store.ts'
import type { Configuration } from '../core/configuration.ts'
import type { Retention } from '../core/store/retention.ts'
import { liveNamespace, runListKey, runNamespace } from '../core/store/run-settings.ts'
import { topicPrefixOf } from './kafka-bus.ts'

export { createBus, topicPrefixOf } from './kafka-bus.ts'

/** The consumer group of a service: live and runs never share one. */
export function groupOf(configuration: Configuration, run: string | null, service: string): string {
  return `stormpetrel.${topicPrefixOf(configuration, run)}${service}`
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
