// What the brokers say about our topics.
import kafkajs, { type Admin } from 'kafkajs'
import type { TopicName } from '../../core/bus.ts'
import { errorType } from '../kafkajs/connection.ts'

/** One topic as it is. */
export interface TopicState {
  readonly topic: TopicName
  /** With its prefix. */
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly settings: ReadonlyMap<string, string>
  /** Names of the settings that were given to this topic; the others are the brokers'. */
  readonly ownSettings: readonly string[]
}

/** The topics that exist. */
export async function fetchTopicStates(
  admin: Admin,
  prefix: string,
  topics: readonly TopicName[]
): Promise<Map<TopicName, TopicState>> {
  const existing = new Set(await admin.listTopics())
  const states = new Map<TopicName, TopicState>()
  for (const topic of topics) {
    const name = prefix + topic
    const state = existing.has(name) ? await fetchTopicState(admin, topic, name) : null
    if (state !== null) states.set(topic, state)
  }
  return states
}

/** Null where the topic was deleted meanwhile. */
async function fetchTopicState(admin: Admin, topic: TopicName, name: string): Promise<TopicState | null> {
  try {
    const [metadata] = (await admin.fetchTopicMetadata({ topics: [name] })).topics
    const { resources } = await admin.describeConfigs({
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }],
      includeSynonyms: false
    })
    const entries = resources[0]?.configEntries ?? []
    const partitions = metadata?.partitions ?? []
    return {
      topic,
      name,
      partitions: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
      settings: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
      ownSettings: entries
        .filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG)
        .map(({ configName }) => configName)
    }
  } catch (error) {
    if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null
    throw error
  }
}
