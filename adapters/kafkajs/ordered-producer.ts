// Sends values to a partition in order, one request in flight for each. kafkajs's idempotent producer is not used:
// after a send that failed for good it gives the same sequence numbers to the next values, and the broker then takes
// those for the ones that it has, and drops them. A retry here can write a value twice instead, which every reader of
// the topics drops by name.
import { CompressionTypes, type Kafka, type Message, type Producer } from 'kafkajs'
import { tryFor } from './try-for.ts'

/** How values are sent. */
export interface ProducerSettings {
  readonly isGzip: boolean
  /** How long a value is tried again before the send fails. */
  readonly patienceMs: number
}

/** kafkajs makes one record batch a request and partition; brokers take 1 MiB unless the topic says more. */
const MAX_REQUEST_BYTES = 900 * 1024
/** kafkajs sorts messages by partition in a time that is the square of their number. */
const MAX_REQUEST_MESSAGES = 128
/** A partition that was added is known after this time. */
const METADATA_MAX_AGE_MS = 30_000

/**
 * kafkajs drops messages for a partition that it does not know of, and resolves. It may be there since a moment ago,
 * so this is worth another try.
 */
class PartitionUnknownError extends Error {
  readonly retriable = true

  constructor(partition: number) {
    super(`partition ${partition} is not there`)
  }
}

/** `signal` ends the tries of what cannot be sent. */
export class OrderedProducer {
  readonly #producer: Producer
  readonly #settings: ProducerSettings
  readonly #signal: AbortSignal
  /** The last send of each partition; its rejection is that of all that wait behind it. */
  readonly #tails = new Map<string, Promise<unknown>>()

  constructor(kafka: Kafka, settings: ProducerSettings, signal: AbortSignal) {
    this.#settings = settings
    this.#signal = signal
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0
    })
  }

  connect(): Promise<void> {
    return this.#producer.connect()
  }

  /**
   * Resolves when every message is acknowledged by all in-sync replicas, with the bytes of their values. `messages` is
   * asked for the next one only when there is room for it. Where a send fails, those that wait behind it on the
   * partition fail with it: nothing overtakes what was lost.
   */
  send(topic: string, partition: number, messages: Iterator<Message>): Promise<number> {
    const lane = `${topic} ${partition}`
    const before = this.#tails.get(lane) ?? Promise.resolve()
    const sent = before.then(() => this.#sendAll(topic, partition, messages))
    this.#tails.set(lane, sent)
    const forget = (): void => {
      if (this.#tails.get(lane) === sent) this.#tails.delete(lane)
    }
    sent.then(forget, forget)
    return sent
  }

  /** Waits for what is in flight, then disconnects. */
  async disconnect(): Promise<void> {
    await Promise.allSettled(this.#tails.values())
    await this.#producer.disconnect()
  }

  async #sendAll(topic: string, partition: number, messages: Iterator<Message>): Promise<number> {
    let request: Message[] = []
    let sizeBytes = 0
    let sentBytes = 0
    for (let next = messages.next(); next.done !== true; next = messages.next()) {
      const message = { ...next.value, partition }
      const messageBytes = message.value?.length ?? 0
      if (
        request.length > 0 &&
        (sizeBytes + messageBytes > MAX_REQUEST_BYTES || request.length === MAX_REQUEST_MESSAGES)
      ) {
        await this.#sendOne(topic, request)
        request = []
        sizeBytes = 0
      }
      request.push(message)
      sizeBytes += messageBytes
      sentBytes += messageBytes
    }
    if (request.length > 0) await this.#sendOne(topic, request)
    return sentBytes
  }

  async #sendOne(topic: string, messages: Message[]): Promise<void> {
    const { isGzip, patienceMs } = this.#settings
    await tryFor(this.#signal, patienceMs, async () => {
      const answers = await this.#producer.send({
        topic,
        messages,
        acks: -1,
        compression: isGzip ? CompressionTypes.GZIP : CompressionTypes.None
      })
      if (answers.length === 0) throw new PartitionUnknownError(messages[0]?.partition ?? 0)
    })
  }
}
