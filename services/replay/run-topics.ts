// The topics of a run: made when it is, deleted with it.
import { PACKET_TOPICS } from '../../adapters/avro/schemas.ts'
import type { Log } from '../../adapters/log.ts'
import { checkTopics } from '../../adapters/topics.ts'
import type { Configuration } from '../../core/configuration.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { topicPrefixOf } from '../connections.ts'
import { topicSettingsOf } from '../topic-settings.ts'

/** Makes the topics and registers the schemas of a run, or finds them as they must be. Throws SP_TOPIC where not. */
export async function makeRunTopics(configuration: Configuration, run: string, log: Log): Promise<void> {
  const { kafkaBrokers: brokers, registryUrl } = configuration
  const topicPrefix = topicPrefixOf(configuration, run)
  const findings = await checkTopics(
    {
      brokers,
      registryUrl,
      topicPrefix,
      topics: PACKET_TOPICS,
      settings: topicSettingsOf(configuration),
      log
    },
    { apply: true }
  )
  const worst = findings.find(({ severity, isMended }) => severity === 'error' && !isMended)
  if (worst === undefined) return
  throw new StormpetrelError('SP_TOPIC', `topic ${worst.where}: ${worst.what}: ${worst.why}; ${worst.mend}`)
}
