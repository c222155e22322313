// The message bus on Kafka, by kafkajs: values as Avro, partitions chosen by the caller, offsets kept by the reader.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Message } from 'kafkajs'
import type { Bus, PartitionHandler, Subscription, TopicName, TopicValues } from '../core/bus.ts'
import { StormpetrelError } from '../core/errors.ts'
import { UNCOUNTED_FIELDS } from './avro/packet-table.ts'
import { PACKET_TOPICS, schemaText } from './avro/schemas.ts'
import { AvroCodec } from './avro-codec.ts'
import { createKafka, errorType, type KafkaConnection, kafkaError } from './kafkajs/connection.ts'
import { fetchCommitted, fetchLogBounds, fetchOffsetsAt, type LogBounds } from './kafkajs/log-bounds.ts'
import { headersOf } from './kafkajs/message-headers.ts'
import { OrderedProducer } from './kafkajs/ordered-producer.ts'
import { RecordReader } from './kafkajs/record-reader.ts'
import { KafkajsSubscription } from './kafkajs/subscription.ts'
import { tryFor } from './kafkajs/try-for.ts'
import { type Log, NO_LOG } from './log.ts'
import { SchemaRegistry, subjectOf } from './schema-registry.ts'
import { refuseUnusableTopics } from './topics.ts'

/** Where Kafka and the registry are, and how long they may be away. */
export interface KafkajsBusOptions {
  /** Bootstrap servers, host:port each. */
  readonly brokers: readonly string[]
  /** Base URL of the schema registry's Confluent API. */
  readonly registryUrl: string
  /** Written before every topic's name, empty for the live topics; 'replay.<run>.' for a run. */
  readonly topicPrefix?: string
  /** Topics that this service writes or reads; their settings and schemas are checked by `start`. All by default. */
  readonly topics?: readonly TopicName[]
  /** Passes over the columns of packets.enriched that are not counted by: they hold nothing then. */
  readonly isCounting?: boolean
  /** How the brokers' logs call this client. */
  readonly clientId?: string
  /** Compresses what is sent. Off by default: it costs more time here than it saves space. */
  readonly isGzip?: boolean
  /** How long the brokers may be away at start. Default 15 s. */
  readonly startPatienceMs?: number
  /** How long the registry may be away at start, which is waited for and told; default as startPatienceMs. */
  readonly registryPatienceMs?: number
  /** How long they may be away later, before what waits fails. Default 120 s. */
  readonly patienceMs?: number
  readonly log?: Log
}

const DEFAULT_START_PATIENCE_MS = 15_000
const DEFAULT_PATIENCE_MS = 120_000
const REFUSAL_PAUSE_MS = 500

type Codecs = { readonly [K in TopicName]?: AvroCodec<K> }

/**
 * Kafka and a schema registry. `start` throws SP_KAFKA, SP_REGISTRY or SP_TOPIC where something is missing that
 * `stormpetrel check --apply` or an operator has to mend; later calls throw SP_KAFKA.
 */
export class KafkajsBus implements Bus {
  readonly copiesValues = true
  readonly #options: KafkajsBusOptions
  readonly #connection: KafkaConnection
  readonly #prefix: string
  readonly #patienceMs: number
  readonly #topics: readonly TopicName[]
  readonly #registry: SchemaRegistry
  readonly #producer: OrderedProducer
  readonly #admin: Admin
  readonly #end = new AbortController()
  readonly #subscriptions = new Set<Subscription>()
  #codecs: Codecs = {}
  /** Of packets.rejected, as it was at the start; 0 where the topic is not used. */
  #rejectedPartitions = 0
  #stopped: Promise<void> | undefined

  constructor(options: KafkajsBusOptions) {
    const { brokers, clientId = 'stormpetrel', log = NO_LOG } = options
    this.#options = options
    this.#connection = { brokers, clientId, log }
    this.#prefix = options.topicPrefix ?? ''
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS
    this.#topics = options.topics ?? PACKET_TOPICS
    this.#registry = new SchemaRegistry({ url: options.registryUrl, log })
    const kafka = createKafka(this.#connection)
    const settings = { isGzip: options.isGzip ?? false, patienceMs: this.#patienceMs }
    this.#producer = new OrderedProducer(kafka, settings, this.#end.signal)
    this.#admin = kafka.admin()
  }

  async start(): Promise<void> {
    try {
      await this.#connect()
      await this.#refuseUnusableTopics()
      await this.#learnSchemas()
      if (this.#topics.includes('packets.rejected'))
        this.#rejectedPartitions = await this.partitions('packets.rejected')
    } catch (error) {
      await this.stop()
      throw kafkaError(this.#connection, 'not ready', error)
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish()
    return this.#stopped
  }

  async partitions(topic: TopicName): Promise<number> {
    return (await this.#logBounds(topic)).length
  }

  async endOffsets(topic: TopicName): Promise<number[]> {
    return (await this.#logBounds(topic)).map(({ end }) => end)
  }

  offsetsAt(topic: TopicName, appendedAtMs: number): Promise<number[]> {
    return this.#ofLog(topic, (name) => fetchOffsetsAt(this.#admin, name, appendedAtMs))
  }

  async groupOffsets(topic: TopicName, group: string): Promise<number[]> {
    const name = this.#prefix + topic
    const partitions = await this.partitions(topic)
    try {
      const committed = await tryFor(this.#end.signal, this.#patienceMs, () =>
        fetchCommitted(this.#admin, group, name)
      )
      return Array.from({ length: partitions }, (_, partition) => committed.get(partition) ?? 0)
    } catch (error) {
      throw kafkaError(this.#connection, `cannot read the offsets of group ${group}`, error)
    }
  }

  async publish<K extends TopicName>(
    topic: K,
    partition: number,
    values: readonly TopicValues[K][]
  ): Promise<number> {
    const messages = messagesOf(this.#codecOf(topic), values)
    const target = topic === 'packets.rejected' ? partition % this.#rejectedPartitions : partition
    try {
      return await this.#producer.send(this.#prefix + topic, target, messages)
    } catch (error) {
      throw kafkaError(
        this.#connection,
        `cannot write to partition ${target} of ${this.#prefix}${topic}`,
        error
      )
    }
  }

  async subscribe<K extends TopicName>(
    topic: K,
    group: string,
    handler: PartitionHandler<TopicValues[K]>,
    onFailure: (error: Error) => void
  ): Promise<Subscription> {
    const subscription = new KafkajsSubscription<K>({
      kafka: createKafka(this.#connection),
      connection: this.#connection,
      admin: this.#admin,
      topic: this.#prefix + topic,
      group,
      handler,
      reader: new RecordReader(this.#codecOf(topic), this.#registry, subjectOf(this.#prefix, topic)),
      onFailure,
      patienceMs: this.#patienceMs
    })
    this.#subscriptions.add(subscription)
    await subscription.start()
    return subscription
  }

  async #connect(): Promise<void> {
    const forMs = this.#options.startPatienceMs ?? DEFAULT_START_PATIENCE_MS
    try {
      await tryFor(this.#end.signal, forMs, async () => {
        await this.#admin.connect()
        await this.#producer.connect()
      })
    } catch (error) {
      throw kafkaError(this.#connection, `not reached in ${Math.ceil(forMs / 1000)} s`, error)
    }
  }

  /** Topics that were made or mended a moment ago are not known to every broker yet, so a refusal is checked. */
  async #refuseUnusableTopics(): Promise<void> {
    for (let triesLeft = 2; ; triesLeft--) {
      try {
        await refuseUnusableTopics(this.#admin, this.#prefix, this.#topics)
        return
      } catch (error) {
        if (triesLeft === 0 || this.#end.signal.aborted) throw error
      }
      await sleep(REFUSAL_PAUSE_MS)
    }
  }

  async #learnSchemas(): Promise<void> {
    const codecs: { [K in TopicName]?: AvroCodec<TopicName> } = {}
    const { startPatienceMs = DEFAULT_START_PATIENCE_MS, registryPatienceMs = startPatienceMs } =
      this.#options
    for (const topic of this.#topics) {
      const subject = subjectOf(this.#prefix, topic)
      const schema = schemaText(topic)
      const schemaId = await this.#registry.awaitSchemaId(
        subject,
        schema,
        registryPatienceMs,
        this.#end.signal
      )
      if (schemaId === null) {
        throw new StormpetrelError(
          'SP_REGISTRY',
          `the schema of ${this.#prefix}${topic} is not registered under subject ${subject}; run stormpetrel check --apply`
        )
      }
      const unread = topic === 'packets.enriched' && this.#options.isCounting ? UNCOUNTED_FIELDS : []
      codecs[topic] = new AvroCodec(topic, schemaId, unread)
    }
    this.#codecs = codecs as Codecs
  }

  #codecOf<K extends TopicName>(topic: K): AvroCodec<K> {
    const codec: AvroCodec<K> | undefined = this.#codecs[topic]
    if (codec === undefined) throw new Error(`the bus was not started for topic ${topic}`)
    return codec
  }

  #logBounds(topic: TopicName): Promise<LogBounds[]> {
    return this.#ofLog(topic, (name) => fetchLogBounds(this.#admin, name))
  }

  async #ofLog<T>(topic: TopicName, fetch: (name: string) => Promise<T>): Promise<T> {
    const name = this.#prefix + topic
    try {
      return await tryFor(this.#end.signal, this.#patienceMs, () => fetch(name))
    } catch (error) {
      if (errorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') {
        throw kafkaError(this.#connection, `cannot read the offsets of ${name}`, error)
      }
      throw new StormpetrelError('SP_TOPIC', `topic ${name} does not exist; run stormpetrel check --apply`, {
        cause: error
      })
    }
  }

  async #finish(): Promise<void> {
    // Consumers end first: the records in their hands may still have to be published.
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()))
    this.#end.abort()
    await this.#producer.disconnect()
    await this.#admin.disconnect()
  }
}

/** Each value is encoded when there is room for it in a request, not before. */
function* messagesOf<K extends TopicName>(
  codec: AvroCodec<K>,
  values: readonly TopicValues[K][]
): Generator<Message, void> {
  for (const value of values) {
    yield { key: null, value: codec.encode(value), headers: headersOf(value) }
  }
}
