// Topics and schemas as the exactly-once rule needs them: checked, made, and refused at a service's start.
import kafkajs, { type Admin } from 'kafkajs'
import type { TopicName } from '../core/bus.ts'
import { StormpetrelError } from '../core/errors.ts'
import { schemaText, TOPIC_NAMES } from './avro/schemas.ts'
import { createKafka, kafkaError, messageOf } from './kafkajs/connection.ts'
import { tryFor } from './kafkajs/try-for.ts'
import { type Log, NO_LOG } from './log.ts'
import { COMPATIBILITY, SchemaRegistry, subjectOf } from './schema-registry.ts'
import {
  DEFAULT_TOPIC_SETTINGS,
  type Finding,
  type SettingRule,
  settingRules,
  type TopicSettings
} from './topics/topic-rules.ts'
import { fetchTopicStates, type TopicState } from './topics/topic-states.ts'

export { DEFAULT_TOPIC_SETTINGS, type Finding, type TopicSettings } from './topics/topic-rules.ts'

/** Where the topics and their schemas are, and what they must be. */
export interface CheckTopicsOptions {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  /** Written before every topic's name; empty for the live topics. */
  readonly topicPrefix?: string
  readonly settings?: TopicSettings
  /** Default: all. A run has those of packets only. */
  readonly topics?: readonly TopicName[]
  /** How long brokers that do not answer are tried. Default 15 s. */
  readonly patienceMs?: number
  readonly log?: Log
}

/** The same with the topics that are looked at. */
type CheckedTopics = CheckTopicsOptions & { readonly topics: readonly TopicName[] }

/**
 * Enriched before raw: a sensor may use a partition of raw as soon as it is there, and the tagger needs the same of
 * enriched.
 */
const APPLY_ORDER: readonly TopicName[] = ['packets.enriched', 'packets.raw', 'packets.rejected', 'surges']

const DEFAULT_PATIENCE_MS = 15_000
/** A new topic is known to its brokers, and has leaders, after this time. */
const KNOWN_WITHIN_MS = 15_000

/**
 * Compares topics, subjects and schemas with what they must be, and with `apply` makes or mends them; nothing is
 * deleted and no retention shortened. Brokers or a registry that do not answer, or refuse, are findings too.
 */
export async function checkTopics(
  options: CheckTopicsOptions,
  { apply }: { readonly apply: boolean }
): Promise<Finding[]> {
  const { brokers, topics = TOPIC_NAMES, log = NO_LOG } = options
  const connection = { brokers, clientId: 'stormpetrel-check', log }
  const admin = createKafka(connection).admin()
  const signal = new AbortController().signal
  const findings: Finding[] = []
  try {
    await tryFor(signal, options.patienceMs ?? DEFAULT_PATIENCE_MS, () => admin.connect())
    findings.push(...(await checkWithAdmin(admin, signal, { ...options, topics }, apply)))
  } catch (error) {
    findings.push({
      severity: 'error',
      what: 'Kafka does not answer, or refuses',
      where: brokers.join(', '),
      why: messageOf(kafkaError(connection, 'check failed', error)),
      mend: 'Start the brokers, mend their addresses, or give this user the rights.',
      isMended: false
    })
  } finally {
    await admin.disconnect()
  }
  const registry = new SchemaRegistry({ url: options.registryUrl, log })
  findings.push(...(await checkSubjects(registry, { ...options, topics }, apply)))
  return findings
}

/**
 * Throws SP_TOPIC for the first error in the topics that a service uses, and, whichever it uses, where enriched has
 * fewer partitions than raw. Warnings are left to `check`.
 */
export async function refuseUnusableTopics(
  admin: Admin,
  prefix: string,
  topics: readonly TopicName[]
): Promise<void> {
  const states = await fetchTopicStates(admin, prefix, TOPIC_NAMES)
  const findings = topics.flatMap((topic) =>
    findingsOf(topic, prefix, states.get(topic), DEFAULT_TOPIC_SETTINGS)
  )
  findings.push(...narrowEnriched(states))
  const worst = findings.find(({ severity }) => severity === 'error')
  if (worst !== undefined) {
    throw new StormpetrelError('SP_TOPIC', `topic ${worst.where}: ${worst.what}: ${worst.why}; ${worst.mend}`)
  }
}

async function checkWithAdmin(
  admin: Admin,
  signal: AbortSignal,
  { topicPrefix: prefix = '', settings = DEFAULT_TOPIC_SETTINGS, topics }: CheckedTopics,
  apply: boolean
): Promise<Finding[]> {
  const states = await fetchTopicStates(admin, prefix, TOPIC_NAMES)
  const findings: Finding[] = []
  for (const topic of APPLY_ORDER.filter((one) => topics.includes(one))) {
    const state = states.get(topic)
    const found = findingsOf(topic, prefix, state, settings)
    if (state !== undefined) found.push(...fewPartitions(state, settings))
    if (topic === 'packets.enriched') found.push(...narrowEnriched(states))
    if (!apply || found.length === 0) {
      findings.push(...found)
      continue
    }
    if (state === undefined) {
      await createTopic(admin, topic, prefix, settings, states)
      await tryFor(signal, KNOWN_WITHIN_MS, () => admin.fetchTopicOffsets(prefix + topic))
    } else await mendTopic(admin, state, settings, states)
    findings.push(...found.map((finding) => ({ ...finding, isMended: true })))
  }
  return findings
}

function findingsOf(
  topic: TopicName,
  prefix: string,
  state: TopicState | undefined,
  settings: TopicSettings
): Finding[] {
  if (state === undefined) {
    return [
      {
        severity: 'error',
        what: 'does not exist',
        where: prefix + topic,
        why: 'every service reads or writes it',
        mend: 'Run stormpetrel check --apply.',
        isMended: false
      }
    ]
  }
  return brokenRules(state, settings).map((rule) => ({
    severity: rule.severity,
    what: `${rule.name} is ${state.settings.get(rule.name) ?? 'not known'}`,
    where: state.name,
    why: rule.why,
    mend: `Set it to ${rule.wanted}, or run stormpetrel check --apply.`,
    isMended: false
  }))
}

function brokenRules(state: TopicState, settings: TopicSettings): SettingRule[] {
  return settingRules(state.topic, state.replicationFactor, settings).filter(
    (rule) => !rule.isGood(state.settings.get(rule.name) ?? '')
  )
}

function fewPartitions({ topic, name, partitions }: TopicState, settings: TopicSettings): Finding[] {
  const wanted = topic === 'surges' ? 1 : settings.partitions
  if (partitions >= wanted) return []
  return [
    {
      severity: 'warning',
      what: `has ${partitions} partitions of ${wanted}`,
      where: name,
      why: 'no more workers than partitions can share the work',
      mend: 'Add partitions to enriched first, or run stormpetrel check --apply.',
      isMended: false
    }
  ]
}

function narrowEnriched(states: ReadonlyMap<TopicName, TopicState>): Finding[] {
  const raw = states.get('packets.raw')
  const enriched = states.get('packets.enriched')
  if (raw === undefined || enriched === undefined || enriched.partitions >= raw.partitions) return []
  return [
    {
      severity: 'error',
      what: `has ${enriched.partitions} partitions, and ${raw.name} has ${raw.partitions}`,
      where: enriched.name,
      why: 'a batch keeps its partition number from raw to enriched',
      mend: `Add partitions until it has ${raw.partitions}, or run stormpetrel check --apply.`,
      isMended: false
    }
  ]
}

/** Partitions that a topic should have: the others never fewer than raw. */
function wantedPartitions(
  topic: TopicName,
  settings: TopicSettings,
  states: ReadonlyMap<TopicName, TopicState>
): number {
  // One partition, so that all changes of all surges are in order.
  if (topic === 'surges') return 1
  return Math.max(
    settings.partitions,
    topic === 'packets.raw' ? 0 : (states.get('packets.raw')?.partitions ?? 0)
  )
}

async function createTopic(
  admin: Admin,
  topic: TopicName,
  prefix: string,
  settings: TopicSettings,
  states: ReadonlyMap<TopicName, TopicState>
): Promise<void> {
  const { brokers } = await admin.describeCluster()
  const replicationFactor = settings.replicationFactor ?? Math.min(3, brokers.length)
  await admin.createTopics({
    // kafkajs's own wait gives up where a broker has not heard of the topic yet.
    waitForLeaders: false,
    topics: [
      {
        topic: prefix + topic,
        numPartitions: wantedPartitions(topic, settings, states),
        replicationFactor,
        configEntries: settingRules(topic, replicationFactor, settings).map(({ name, wanted }) => ({
          name,
          value: wanted
        }))
      }
    ]
  })
}

async function mendTopic(
  admin: Admin,
  state: TopicState,
  settings: TopicSettings,
  states: ReadonlyMap<TopicName, TopicState>
): Promise<void> {
  const broken = brokenRules(state, settings)
  if (broken.length > 0) {
    // This request takes away every setting that it does not name, so what the topic already has goes with it.
    const values = new Map(state.ownSettings.map((name) => [name, state.settings.get(name) ?? '']))
    for (const { name, wanted } of broken) values.set(name, wanted)
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: state.name,
          configEntries: [...values].map(([name, value]) => ({ name, value }))
        }
      ]
    })
  }
  const count = wantedPartitions(state.topic, settings, states)
  if (count > state.partitions) {
    await admin.createPartitions({ topicPartitions: [{ topic: state.name, count }] })
  }
}

async function checkSubjects(
  registry: SchemaRegistry,
  { registryUrl, topicPrefix: prefix = '', topics }: CheckedTopics,
  apply: boolean
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const topic of topics) {
    try {
      findings.push(...(await checkSubject(registry, subjectOf(prefix, topic), schemaText(topic), apply)))
    } catch (error) {
      findings.push({
        severity: 'error',
        what: 'the schema registry does not answer, or refuses',
        where: URL.canParse(registryUrl) ? `${new URL(registryUrl).host}: ${prefix}${topic}` : registryUrl,
        why: messageOf(error),
        mend: 'Mend what it says and check again.',
        isMended: false
      })
    }
  }
  return findings
}

async function checkSubject(
  registry: SchemaRegistry,
  subject: string,
  schema: string,
  apply: boolean
): Promise<Finding[]> {
  const findings: Finding[] = []
  if ((await registry.schemaId(subject, schema)) === null) {
    if (apply) await registry.register(subject, schema)
    findings.push({
      severity: 'error',
      what: 'this version of the schema is not registered',
      where: subject,
      why: 'readers look up how a value was written',
      mend: 'Run stormpetrel check --apply.',
      isMended: apply
    })
  }
  const compatibility = await registry.compatibility(subject)
  if (compatibility !== COMPATIBILITY) {
    if (apply) await registry.setCompatibility(subject)
    findings.push({
      severity: 'warning',
      what: `compatibility is ${compatibility ?? 'not set'}`,
      where: subject,
      why: 'a later schema could make what is already in the topic unreadable',
      mend: `Set it to ${COMPATIBILITY}, or run stormpetrel check --apply.`,
      isMended: apply
    })
  }
  return findings
}
