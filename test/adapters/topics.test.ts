import { beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import kafkajs, { type Admin } from 'kafkajs'
import { topicSchema } from '../../adapters/avro/schemas.ts'
import { KafkajsBus } from '../../adapters/kafkajs-bus.ts'
import { SchemaRegistry, subjectOf } from '../../adapters/schema-registry.ts'
import {
  type CheckTopicsOptions,
  checkTopics,
  DEFAULT_TOPIC_SETTINGS,
  type Finding
} from '../../adapters/topics.ts'
import { sharedKafka, sharedRegistry } from '../stack/shared-stack.ts'
import { rejectedRecord } from './avro/random-batches.ts'
import { freshPrefix } from './kafkajs/test-bus.ts'

let brokers: readonly string[]
let registryUrl: string

beforeAll(async () => {
  const parts = await Promise.all([sharedKafka(), sharedRegistry()])
  brokers = parts[0]
  registryUrl = parts[1]
})

function freshOptions(): CheckTopicsOptions & { readonly topicPrefix: string } {
  return { brokers, registryUrl, topicPrefix: freshPrefix() }
}

/** What another hand does to the topics. */
async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function settingsOf(topic: string): Promise<Map<string, string>> {
  return await withAdmin(async (admin) => {
    const { resources } = await admin.describeConfigs({
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
      includeSynonyms: false
    })
    return new Map(
      resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue])
    )
  })
}

const inShort = (findings: readonly Finding[]) =>
  findings.map(({ severity, where, what }) => `${severity} ${where}: ${what}`)

describe('topics that are not there', () => {
  test('are found, made with the settings of the design, and are then in order', async () => {
    const options = freshOptions()
    const { topicPrefix } = options

    const found = await checkTopics(options, { apply: false })
    const applied = await checkTopics(options, { apply: true })
    const left = await checkTopics(options, { apply: false })

    expect(inShort(found)).toEqual([
      `error ${topicPrefix}packets.enriched: does not exist`,
      `error ${topicPrefix}packets.raw: does not exist`,
      `error ${topicPrefix}packets.rejected: does not exist`,
      `error ${topicPrefix}surges: does not exist`,
      ...['packets.raw', 'packets.enriched', 'packets.rejected', 'surges'].flatMap((name) => [
        `error ${topicPrefix}${name}-value: this version of the schema is not registered`,
        `warning ${topicPrefix}${name}-value: compatibility is not set`
      ])
    ])
    expect(found.every(({ isMended }) => !isMended)).toBe(true)
    expect(applied.every(({ isMended }) => isMended)).toBe(true)
    expect(left).toEqual([])
    const settings = await settingsOf(`${topicPrefix}packets.raw`)
    expect(settings.get('message.timestamp.type')).toBe('LogAppendTime')
    expect(settings.get('cleanup.policy')).toBe('delete')
    expect(settings.get('retention.ms')).toBe(String(7 * 86_400_000))
    const registry = new SchemaRegistry({ url: registryUrl })
    expect(await registry.compatibility(subjectOf(topicPrefix, 'packets.raw'))).toBe('FULL_TRANSITIVE')
  })
})

describe('topics that somebody else made', () => {
  test('are found with every setting that loses data, and mended without touching the others', async () => {
    const options = freshOptions()
    const { topicPrefix } = options
    await withAdmin((admin) =>
      admin.createTopics({
        topics: [
          { topic: `${topicPrefix}packets.raw`, numPartitions: 6 },
          {
            topic: `${topicPrefix}packets.enriched`,
            numPartitions: 2,
            configEntries: [
              { name: 'message.timestamp.type', value: 'LogAppendTime' },
              { name: 'cleanup.policy', value: 'compact' },
              { name: 'max.message.bytes', value: '100000' },
              { name: 'retention.ms', value: '1000' },
              { name: 'segment.bytes', value: '104857600' }
            ]
          },
          {
            topic: `${topicPrefix}packets.rejected`,
            numPartitions: 4,
            configEntries: [
              { name: 'message.timestamp.type', value: 'LogAppendTime' },
              { name: 'max.message.bytes', value: '3000000' },
              { name: 'retention.ms', value: '-1' }
            ]
          }
        ]
      })
    )

    const applied = await checkTopics(options, { apply: true })
    const left = await checkTopics(options, { apply: false })

    const ofTopics = inShort(applied).filter((line) => !line.includes('-value'))
    expect(ofTopics).toEqual([
      `error ${topicPrefix}packets.enriched: cleanup.policy is compact`,
      `error ${topicPrefix}packets.enriched: max.message.bytes is 100000`,
      `warning ${topicPrefix}packets.enriched: retention.ms is 1000`,
      `warning ${topicPrefix}packets.enriched: has 2 partitions of 4`,
      `error ${topicPrefix}packets.enriched: has 2 partitions, and ${topicPrefix}packets.raw has 6`,
      `error ${topicPrefix}packets.raw: message.timestamp.type is CreateTime`,
      `error ${topicPrefix}packets.raw: max.message.bytes is 1048588`,
      `error ${topicPrefix}surges: does not exist`
    ])
    expect(left).toEqual([])
    const enriched = await settingsOf(`${topicPrefix}packets.enriched`)
    expect(enriched.get('message.timestamp.type')).toBe('LogAppendTime')
    expect(enriched.get('segment.bytes')).toBe('104857600')
    expect(enriched.get('cleanup.policy')).toBe('delete')
    const rejected = await settingsOf(`${topicPrefix}packets.rejected`)
    expect(rejected.get('retention.ms')).toBe('-1')
    expect(rejected.get('max.message.bytes')).toBe('3000000')
  })

  test('stop a service at its start where enriched has fewer partitions than raw', async () => {
    const options = freshOptions()
    const { topicPrefix } = options
    await checkTopics({ ...options, settings: { ...DEFAULT_TOPIC_SETTINGS, partitions: 1 } }, { apply: true })
    await withAdmin((admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: `${topicPrefix}packets.raw`, count: 3 }] })
    )
    const bus = new KafkajsBus(options)

    await expect(bus.start()).rejects.toMatchObject({
      code: 'SP_TOPIC',
      message: expect.stringContaining('has 1 partitions, and')
    })
    // A sensor uses neither of the two together, and would choose partitions that no tagger can write.
    await expect(new KafkajsBus({ ...options, topics: ['packets.raw'] }).start()).rejects.toMatchObject({
      code: 'SP_TOPIC'
    })
  })

  test('do not stop a service where packets.rejected has fewer partitions: a higher one is wrapped round', async () => {
    const options = freshOptions()
    const { topicPrefix } = options
    await checkTopics({ ...options, settings: { ...DEFAULT_TOPIC_SETTINGS, partitions: 2 } }, { apply: true })
    await withAdmin(async (admin) => {
      for (const topic of ['packets.enriched', 'packets.raw'])
        await admin.createPartitions({ topicPartitions: [{ topic: topicPrefix + topic, count: 4 }] })
    })
    const bus = new KafkajsBus(options)
    await bus.start()
    try {
      await bus.publish('packets.rejected', 3, fc.sample(rejectedRecord, 1))
      expect(await bus.endOffsets('packets.rejected')).toEqual([0, 1])
    } finally {
      await bus.stop()
    }
  })
})

test('a schema that cannot be read with an earlier one is refused by the registry, and told', async () => {
  const options = freshOptions()
  const { topicPrefix } = options
  const subject = subjectOf(topicPrefix, 'packets.rejected')
  const registry = new SchemaRegistry({ url: registryUrl })
  const schema = topicSchema('packets.rejected')
  const other = { ...schema, fields: [...schema.fields, { name: 'must', type: 'string', doc: '' }] }
  await registry.register(subject, JSON.stringify(other))
  await registry.setCompatibility(subject)

  const applied = await checkTopics(options, { apply: true })

  const left = applied.filter(({ isMended }) => !isMended)
  expect(left).toHaveLength(1)
  expect(left[0]).toMatchObject({
    severity: 'error',
    where: expect.stringContaining(`${topicPrefix}packets.rejected`),
    why: expect.stringMatching(/registering .*default/)
  })
})

test('brokers and a registry that do not answer are findings that name them', async () => {
  const options = { brokers: ['127.0.0.1:1'], registryUrl: 'http://127.0.0.1:1/apis', patienceMs: 100 }

  const findings = await checkTopics(options, { apply: false })

  expect(inShort(findings)).toEqual([
    'error 127.0.0.1:1: Kafka does not answer, or refuses',
    'error 127.0.0.1:1: packets.raw: the schema registry does not answer, or refuses',
    'error 127.0.0.1:1: packets.enriched: the schema registry does not answer, or refuses',
    'error 127.0.0.1:1: packets.rejected: the schema registry does not answer, or refuses',
    'error 127.0.0.1:1: surges: the schema registry does not answer, or refuses'
  ])
})
