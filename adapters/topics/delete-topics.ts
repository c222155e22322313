// Deletes the topics of one prefix, and their subjects; only a run's are ever deleted.
import { TOPIC_NAMES } from '../avro/schemas.ts'
import { createKafka, kafkaError } from '../kafkajs/connection.ts'
import { NO_LOG } from '../log.ts'
import { SchemaRegistry, subjectOf } from '../schema-registry.ts'

/**
 * Deletes those that are there. Throws SP_KAFKA or SP_REGISTRY where Kafka or the registry cannot be reached or
 * refuses; then it can be called again.
 */
export async function deleteTopics(options: {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly topicPrefix: string
}): Promise<void> {
  const connection = { brokers: options.brokers, clientId: 'stormpetrel-runs', log: NO_LOG }
  const admin = createKafka(connection).admin()
  try {
    await admin.connect()
    const existing = new Set(await admin.listTopics())
    const topics = TOPIC_NAMES.map((topic) => options.topicPrefix + topic).filter((name) =>
      existing.has(name)
    )
    if (topics.length > 0) await admin.deleteTopics({ topics })
  } catch (error) {
    throw kafkaError(connection, 'cannot delete topics', error)
  } finally {
    await admin.disconnect()
  }
  const registry = new SchemaRegistry({ url: options.registryUrl })
  for (const topic of TOPIC_NAMES) await registry.deleteSubject(subjectOf(options.topicPrefix, topic))
}
