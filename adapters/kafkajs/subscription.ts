// A consumer that never skips a record and hands none over twice unasked. kafkajs's own idea of the position is not
// trusted: it changes on rebalances and errors, and commits for the user; and kafkajs stops in silence. record-flow.ts
// keeps each partition's next offset, and upkeep.ts ends a consumer that shows no life.
import type { Admin, Consumer, ConsumerCrashEvent, ConsumerGroupJoinEvent, Kafka } from 'kafkajs'
import type { PartitionHandler, Subscription, TopicName, TopicValues } from '../../core/bus.ts'
import type { Log } from '../log.ts'
import { type KafkaConnection, kafkaError, messageOf } from './connection.ts'
import { HeldPartitions } from './held-partition.ts'
import { RecordFlow } from './record-flow.ts'
import type { RecordReader } from './record-reader.ts'
import { tryFor } from './try-for.ts'
import { Upkeep } from './upkeep.ts'

/** What a subscription works with; the topic's name has its prefix. */
export interface SubscriptionParts<K extends TopicName> {
  readonly kafka: Kafka
  readonly connection: KafkaConnection
  readonly admin: Admin
  readonly topic: string
  readonly group: string
  readonly handler: PartitionHandler<TopicValues[K]>
  readonly reader: RecordReader<K>
  readonly onFailure: (error: Error) => void
  /** How long the brokers may be away, or the consumer without a sign of life, before it fails. */
  readonly patienceMs: number
}

const HEARTBEAT_INTERVAL_MS = 3000
/** A member that dies is missed after this time, and its partitions go to others. */
const SESSION_TIMEOUT_MS = 10_000
/** Longest wait of a fetch for new records; also how long a seek or a new assignment waits for the fetch before it. */
const MAX_WAIT_MS = 250
/** A partition that was added is read after this time at the latest; kafkajs's own is five minutes. */
const METADATA_MAX_AGE_MS = 30_000
const MAX_BYTES_A_PARTITION = 2 * 1024 * 1024
const MAX_BYTES_A_FETCH = 16 * 1024 * 1024
const PARTITIONS_AT_A_TIME = 64

/** One membership of a group; `start` joins it, `stop` leaves it for good. */
export class KafkajsSubscription<K extends TopicName> implements Subscription {
  readonly #parts: SubscriptionParts<K>
  readonly #log: Log
  readonly #consumer: Consumer
  readonly #end = new AbortController()
  readonly #held = new HeldPartitions()
  readonly #flow: RecordFlow<K>
  readonly #upkeep: Upkeep
  /** Resolves when `start` has returned, or will not. */
  readonly #returned: Promise<void>
  #setReturned: () => void = () => undefined
  #failure: Error | undefined
  #isStopping = false
  #stopped: Promise<void> | undefined
  #settleStart: ((error: Error | null) => void) | undefined

  constructor(parts: SubscriptionParts<K>) {
    this.#parts = parts
    this.#returned = new Promise((resolve) => {
      this.#setReturned = resolve
    })
    this.#log = parts.connection.log
    this.#consumer = parts.kafka.consumer({
      groupId: parts.group,
      allowAutoTopicCreation: false,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_A_PARTITION,
      maxBytes: MAX_BYTES_A_FETCH,
      // kafkajs starts the consumer again after what may pass, while our patience lasts.
      retry: { restartOnFailure: () => Promise.resolve(this.#isWorthRestarting()) }
    })
    this.#flow = new RecordFlow(parts, this.#consumer, this.#held, this.#end.signal, (error, what) =>
      this.#failed(what ?? `cannot read topic ${parts.topic}`, error)
    )
    this.#upkeep = new Upkeep({
      admin: parts.admin,
      consumer: this.#consumer,
      topic: parts.topic,
      held: this.#held,
      log: this.#log,
      patienceMs: parts.patienceMs,
      onSilence: (what) => {
        const cause = new Error(what)
        this.#fail(kafkaError(parts.connection, `the consumer of topic ${parts.topic} stands still`, cause))
      }
    })
  }

  /** Resolves when the group was joined. Rejects with SP_KAFKA where that fails for longer than the patience. */
  async start(): Promise<void> {
    const { topic, connection, patienceMs } = this.#parts
    const { GROUP_JOIN, HEARTBEAT, CRASH, START_BATCH_PROCESS } = this.#consumer.events
    this.#consumer.on(GROUP_JOIN, (event) => this.#joined(event))
    this.#consumer.on(HEARTBEAT, () => this.#upkeep.showLife())
    this.#consumer.on(CRASH, (event) => this.#crashed(event))
    this.#consumer.on(START_BATCH_PROCESS, (event) => this.#flow.passOver(event))
    try {
      await tryFor(this.#end.signal, patienceMs, async () => {
        await this.#consumer.connect()
        // The log's start where kafkajs has to choose; where it may begin is decided here.
        await this.#consumer.subscribe({ topic, fromBeginning: true })
      })
      const joined = new Promise<void>((resolve, reject) => {
        this.#settleStart = (error) => (error === null ? resolve() : reject(error))
      })
      this.#upkeep.start()
      const running = this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_A_TIME,
        eachBatch: async (payload) => {
          await this.#returned
          await this.#flow.fetched(payload)
        }
      })
      await Promise.all([running, joined])
      // By then whoever waited for `start` has gone on: records come to a handler that can seek.
      setImmediate(this.#setReturned)
    } catch (error) {
      await this.stop()
      throw kafkaError(connection, `cannot read topic ${topic}`, error)
    }
  }

  seek(partition: number, offset: number): void {
    const held = this.#held.get(partition)
    if (held !== undefined) this.#flow.seek(held, offset)
  }

  stillWaiting(): void {
    for (const { partition } of this.#held) this.#held.progressed(partition)
  }

  lagRecords(): number {
    let lag = 0
    for (const held of this.#held) lag += held.lagRecords
    return lag
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish()
    return this.#stopped
  }

  async #finish(): Promise<void> {
    this.#isStopping = true
    this.#setReturned()
    this.#upkeep.stop()
    this.#end.abort()
    try {
      // Waits for the records in hand, whose offsets are committed before the group is left.
      await this.#consumer.disconnect()
    } catch (error) {
      this.#log('warn', 'kafka consumer did not end cleanly', { error: messageOf(error) })
    }
    this.#releaseAll()
    await this.#held.idle()
    this.#startEnded(new Error('stopped before the group was joined'))
  }

  /**
   * A new generation of the group. Every partition counts as newly assigned, those held before too: between two
   * generations that this member saw there may have been one that it did not, in which another one read on.
   * kafkajs calls this before its next fetch, and the pause holds until the position is known.
   */
  #joined({ payload }: ConsumerGroupJoinEvent): void {
    this.#upkeep.showLife()
    this.#releaseAll()
    const { topic } = this.#parts
    const partitions = payload.memberAssignment[topic] ?? []
    this.#log('info', 'partitions assigned', { topic, partitions })
    if (partitions.length > 0) this.#consumer.pause([{ topic, partitions }])
    for (const held of this.#held.assign(partitions)) {
      const { partition } = held
      this.#held
        .inTurn(partition, () => this.#flow.begin(held))
        .catch((error: unknown) =>
          this.#failed(`cannot begin with partition ${partition} of ${topic}`, error)
        )
    }
    this.#startEnded(null)
  }

  /** Tells `start`, where it still waits. */
  #startEnded(error: Error | null): void {
    const settleStart = this.#settleStart
    this.#settleStart = undefined
    settleStart?.(error)
  }

  #releaseAll(): void {
    for (const { partition } of this.#held.release()) {
      this.#held
        .inTurn(partition, () => Promise.resolve(this.#parts.handler.revoked(partition)))
        .catch((error: unknown) => this.#failed(`cannot give back partition ${partition}`, error))
    }
  }

  #isWorthRestarting(): boolean {
    return !this.#isStopping && this.#failure === undefined && !this.#upkeep.isSilent
  }

  #crashed({ payload }: ConsumerCrashEvent): void {
    const { error, restart } = payload
    this.#releaseAll()
    if (restart && !this.#isStopping) {
      this.#log('warn', 'kafka consumer starts again', { error: messageOf(error) })
      return
    }
    this.#failed(`the consumer of topic ${this.#parts.topic} ended`, error)
  }

  /** An error of kafkajs says what failed; any other, such as the handler's, goes to the service as it is. */
  #failed(what: string, cause: unknown): void {
    const isKafkas = !(cause instanceof Error) || cause.name.startsWith('KafkaJS')
    this.#fail(isKafkas ? kafkaError(this.#parts.connection, what, cause) : cause)
  }

  /** Ends the consumer for good and says so once: to `start`, where that still waits, else to the service. */
  #fail(error: Error): void {
    if (this.#failure !== undefined || this.#isStopping) {
      this.#log('warn', 'kafka consumer failed while it ended', { error: messageOf(error) })
      return
    }
    this.#failure = error
    if (this.#settleStart === undefined) this.#parts.onFailure(error)
    else this.#startEnded(error)
    void this.stop()
  }
}
