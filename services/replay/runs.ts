// The runs of a deployment: listed with how far they are counted, and deleted whole.
import { deleteTopics } from '../../adapters/topics/delete-topics.ts'
import type { Configuration } from '../../core/configuration.ts'
import type { Run } from '../../core/store/run-settings.ts'
import { createRunList, createStore, topicPrefixOf } from '../connections.ts'
import { withParts } from '../life.ts'
import { type Completeness, runCompleteness } from './completeness.ts'

/** A run, and whether all of it is counted. */
export interface ListedRun extends Run {
  readonly completeness: Completeness
}

/** All runs, the oldest first. Where Kafka does not answer for one run, the others are not asked for. */
export async function listedRuns(configuration: Configuration): Promise<ListedRun[]> {
  const runs = createRunList(configuration)
  return await withParts([runs], async () => {
    const listed: ListedRun[] = []
    let unknown: Completeness | null = null
    for (const run of await runs.list()) {
      const completeness: Completeness = unknown ?? (await runCompleteness(configuration, run.id))
      if (completeness.kind === 'unknown' && completeness.isKafkaAway) unknown = completeness
      listed.push({ ...run, completeness })
    }
    return listed
  })
}

/** Throws SP_RUN where there is no run of this id. */
export async function requireRun(configuration: Configuration, id: string): Promise<void> {
  const runs = createRunList(configuration)
  await withParts([runs], () => runs.get(id))
}

/**
 * Deletes topics, schemas and counts, and then takes the run off the list: what fails half way can be deleted again.
 */
export async function deleteRun(configuration: Configuration, id: string): Promise<void> {
  const runs = createRunList(configuration)
  const store = createStore(configuration, id, 'read')
  await withParts([runs], async () => {
    await runs.get(id)
    const { kafkaBrokers: brokers, registryUrl } = configuration
    await deleteTopics({ brokers, registryUrl, topicPrefix: topicPrefixOf(configuration, id) })
    await withParts([store], () => store.clear())
    await runs.remove(id)
  })
}
