// The runs of a deployment: listed, and deleted whole.
import { RedisRunList } from '../../adapters/redis-run-list.ts'
import { deleteTopics } from '../../adapters/topics/delete-topics.ts'
import type { Configuration } from '../../core/configuration.ts'
import type { Run } from '../../core/store/run-settings.ts'
import { createStore, topicPrefixOf } from '../connections.ts'
import { withParts } from '../life.ts'

/** All runs, the oldest first. */
export async function listedRuns(configuration: Configuration): Promise<Run[]> {
  const runs = new RedisRunList(configuration.redisUrl)
  return await withParts([runs], () => runs.list())
}

/** Deletes topics and counts, and then takes the run off the list: what fails half way can be deleted again. */
export async function deleteRun(configuration: Configuration, id: string): Promise<void> {
  const runs = new RedisRunList(configuration.redisUrl)
  const store = createStore(configuration, id)
  await withParts([runs], async () => {
    await runs.get(id)
    await deleteTopics({ brokers: configuration.kafkaBrokers, topicPrefix: topicPrefixOf(configuration, id) })
    await withParts([store], () => store.clear())
    await runs.remove(id)
  })
}
