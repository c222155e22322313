// How topics are made, as the configuration says.
import { DEFAULT_TOPIC_SETTINGS, type TopicSettings } from '../adapters/topics.ts'
import type { Configuration } from '../core/configuration.ts'

/** The settings for `checkTopics`. What was rejected is kept at least as long as it is by default. */
export function topicSettingsOf(configuration: Configuration): TopicSettings {
  const retentionMs = configuration.topicRetentionHours * 3_600_000
  const { partitions, replicationFactor } = configuration
  return {
    partitions,
    replicationFactor: replicationFactor === 0 ? null : replicationFactor,
    retentionMs: {
      'packets.raw': retentionMs,
      'packets.enriched': retentionMs,
      'packets.rejected': Math.max(retentionMs, DEFAULT_TOPIC_SETTINGS.retentionMs['packets.rejected']),
      surges: Math.max(retentionMs, DEFAULT_TOPIC_SETTINGS.retentionMs.surges)
    }
  }
}
