// Deletes the topics of one prefix; only a run's are ever deleted.
import { TOPIC_NAMES } from '../avro/schemas.ts'
import { createKafka, kafkaError } from '../kafkajs/connection.ts'
import { NO_LOG } from '../log.ts'

/** Deletes those that are there. Throws SP_KAFKA where Kafka cannot be reached or refuses. */
export async function deleteTopics(options: {
  readonly brokers: readonly string[]
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
}
