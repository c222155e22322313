// Everything that can be checked before services start, one finding a fault.
import { checkTopics, type Finding } from '../../adapters/topics.ts'
import type { Configuration } from '../../core/configuration.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { createStore } from '../connections.ts'
import { withParts } from '../life.ts'
import { topicSettingsOf } from '../topic-settings.ts'
import { loadWorld } from '../tagger/world.ts'

/** Checks the sensor list, geo data, Kafka, the schema registry and Redis; `apply` makes topics and schemas. */
export async function checkDeployment(configuration: Configuration, apply: boolean): Promise<Finding[]> {
  const findings: Finding[] = []
  findings.push(...(await findingOf('sensor list and geo data', () => checkWorld(configuration))))
  const { kafkaBrokers: brokers, registryUrl, topicPrefix } = configuration
  const topics = { brokers, registryUrl, topicPrefix, settings: topicSettingsOf(configuration) }
  findings.push(...(await findingOf('Kafka and the schema registry', () => checkTopics(topics, { apply }))))
  findings.push(...(await findingOf('Redis', () => checkRedis(configuration))))
  return findings
}

async function checkWorld(configuration: Configuration): Promise<Finding[]> {
  const { notes } = await loadWorld(configuration, true)
  return notes.map((note) => ({
    severity: 'warning',
    where: 'geo data',
    what: note,
    why: 'packets are counted all the same, under AS number 0',
    mend: 'install npm package @ip-location-db/asn, or set STORMPETREL_ASN_DATABASE',
    isMended: false
  }))
}

/** Writes nothing: a store that no aggregator made yet is not made here either. */
export async function checkRedis(configuration: Configuration): Promise<Finding[]> {
  const store = createStore(configuration, null, 'read')
  return await withParts([store], () => store.findings())
}

/** What a part found, or its failure as a finding: one part that is away does not hide the others. */
async function findingOf(where: string, part: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await part()
  } catch (error) {
    if (!(error instanceof StormpetrelError)) throw error
    const why = 'no service can start without it'
    return [
      { severity: 'error', where, what: error.message, why, mend: 'see docs/errors.md', isMended: false }
    ]
  }
}
