// A consumer that never skips a record and hands none over twice unasked. kafkajs's own idea of the position is not
// trusted: it changes on rebalances and errors, commits for the user, and stops in silence. Each partition's next
// offset is kept here, a fetch that begins elsewhere is dropped, and a watchdog ends a consumer that shows no life.
import type {
  Admin,
  Consumer,
  ConsumerCrashEvent,
  ConsumerGroupJoinEvent,
  ConsumerStartBatchProcessEvent,
  EachBatchPayload,
  Kafka
} from 'kafkajs'
import type { PartitionHandler, Subscription, TopicName, TopicValues } from '../../core/bus.ts'
import type { Log } from '../log.ts'
import { errorType, type KafkaConnection, kafkaError, messageOf } from './connection.ts'
import { HeldPartition, Turns } from './held-partition.ts'
import { fetchCommitted, fetchLogBounds, positionInLog } from './log-bounds.ts'
import type { RecordReader } from './record-reader.ts'
import { tryFor } from './try-for.ts'

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
const SESSION_TIMEOUT_MS = 30_000
/** Longest wait of a fetch for new records; also how long a seek or a new assignment waits for the fetch before it. */
const MAX_WAIT_MS = 250
const MAX_BYTES_A_PARTITION = 2 * 1024 * 1024
const MAX_BYTES_A_FETCH = 16 * 1024 * 1024
const PARTITIONS_AT_A_TIME = 64
const TICK_MS = 1000
const ENDS_EVERY_TICKS = 5
/** Fetches in a row from a wrong offset after which something is wrong that seeking does not mend. */
const MAX_STRAY_FETCHES = 50

export class KafkajsSubscription<K extends TopicName> implements Subscription {
  readonly #parts: SubscriptionParts<K>
  readonly #log: Log
  readonly #consumer: Consumer
  readonly #end = new AbortController()
  readonly #held = new Map<number, HeldPartition>()
  readonly #turns = new Map<number, Turns>()
  #lastLifeMs = performance.now()
  #ticks = 0
  #timer: NodeJS.Timeout | undefined
  #failure: Error | undefined
  #isStopping = false
  #stopped: Promise<void> | undefined
  #settleStart: ((error: Error | null) => void) | undefined

  constructor(parts: SubscriptionParts<K>) {
    this.#parts = parts
    this.#log = parts.connection.log
    this.#consumer = parts.kafka.consumer({
      groupId: parts.group,
      allowAutoTopicCreation: false,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_A_PARTITION,
      maxBytes: MAX_BYTES_A_FETCH,
      // kafkajs starts the consumer again after what may pass, while our patience lasts.
      retry: { restartOnFailure: () => Promise.resolve(this.#isWorthRestarting()) }
    })
  }

  /** Resolves when the group was joined. Rejects with SP_KAFKA where that fails for longer than the patience. */
  async start(): Promise<void> {
    const { topic, connection, patienceMs } = this.#parts
    const { GROUP_JOIN, HEARTBEAT, CRASH, START_BATCH_PROCESS } = this.#consumer.events
    this.#consumer.on(GROUP_JOIN, (event) => this.#joined(event))
    this.#consumer.on(HEARTBEAT, () => this.#showLife())
    this.#consumer.on(CRASH, (event) => this.#crashed(event))
    this.#consumer.on(START_BATCH_PROCESS, (event) => this.#passOver(event))
    try {
      await tryFor(this.#end.signal, patienceMs, async () => {
        await this.#consumer.connect()
        // The log's start where kafkajs has to choose; where it may begin is decided here.
        await this.#consumer.subscribe({ topic, fromBeginning: true })
      })
      const joined = new Promise<void>((resolve, reject) => {
        this.#settleStart = (error) => (error === null ? resolve() : reject(error))
      })
      this.#timer = setInterval(() => this.#tick(), TICK_MS)
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_A_TIME,
        eachBatch: (payload) => this.#fetched(payload)
      })
      await joined
    } catch (error) {
      await this.stop()
      throw kafkaError(connection, `cannot read topic ${topic}`, error)
    }
  }

  seek(partition: number, offset: number): void {
    const held = this.#held.get(partition)
    // Without a position the handler is still being asked for one, and its answer decides.
    if (held === undefined || held.expected === null) return
    this.#moveTo(held, offset)
  }

  lagRecords(): number {
    let lag = 0
    for (const held of this.#held.values()) lag += held.lagRecords
    return lag
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish()
    return this.#stopped
  }

  async #finish(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#timer)
    this.#end.abort()
    try {
      // Waits for the records in hand, whose offsets are committed before the group is left.
      await this.#consumer.disconnect()
    } catch (error) {
      this.#log('warn', 'kafka consumer did not end cleanly', { error: messageOf(error) })
    }
    this.#releaseAll()
    await Promise.all([...this.#turns.values()].map((turns) => turns.idle()))
  }

  /**
   * A new generation of the group. Every partition counts as newly assigned, those held before too: between two
   * generations that this member saw there may have been one that it did not, in which another one read on.
   * kafkajs calls this before its next fetch, and the pause holds until the position is known.
   */
  #joined({ payload }: ConsumerGroupJoinEvent): void {
    this.#showLife()
    this.#releaseAll()
    const { topic } = this.#parts
    const partitions = payload.memberAssignment[topic] ?? []
    this.#log('info', 'partitions assigned', { topic, partitions })
    if (partitions.length > 0) this.#consumer.pause([{ topic, partitions }])
    for (const partition of partitions) {
      const held = new HeldPartition(partition)
      this.#held.set(partition, held)
      this.#turnsOf(partition)
        .take(() => this.#begin(held))
        .catch((error: unknown) =>
          this.#failed(`cannot begin with partition ${partition} of ${topic}`, error)
        )
    }
    const settleStart = this.#settleStart
    this.#settleStart = undefined
    settleStart?.(null)
  }

  /** Asks the handler where to begin, and begins there. */
  async #begin(held: HeldPartition): Promise<void> {
    if (!held.isHeld) return
    const { partition } = held
    const { handler, patienceMs, topic } = this.#parts
    const start = await handler.assigned(partition)
    const position = await tryFor(this.#end.signal, patienceMs, () => this.#positionFor(held, start))
    if (!held.isHeld || this.#isStopping) return
    if (start !== 'committed' && position !== start) {
      this.#log('warn', 'offset is not in the log, reading from its start', {
        topic,
        partition,
        offset: start,
        start: position
      })
    }
    this.#moveTo(held, position)
    this.#consumer.resume([{ topic, partitions: [partition] }])
  }

  async #positionFor(held: HeldPartition, start: number | 'committed'): Promise<number> {
    const { admin, group, topic } = this.#parts
    const wanted =
      start === 'committed' ? (await fetchCommitted(admin, group, topic)).get(held.partition) : start
    const bounds = (await fetchLogBounds(admin, topic))[held.partition]
    if (bounds === undefined) throw new Error(`topic ${topic} has no partition ${held.partition}`)
    held.logEnd = bounds.end
    return positionInLog(wanted, bounds)
  }

  #moveTo(held: HeldPartition, offset: number): void {
    held.expected = offset
    held.seeks += 1
    this.#consumer.seek({
      topic: this.#parts.topic,
      partition: held.partition,
      offset: String(offset)
    })
  }

  /** Everything that one fetch brought for one partition. What is not resolved here is fetched again. */
  async #fetched(payload: EachBatchPayload): Promise<void> {
    const held = this.#held.get(payload.batch.partition)
    if (held === undefined || held.expected === null || this.#failure !== undefined || payload.isStale())
      return
    const turns = this.#turnsOf(held.partition)
    const beat = setInterval(() => this.#beat(payload), TICK_MS)
    try {
      await turns.take(() => this.#handOver(held, payload))
    } finally {
      clearInterval(beat)
    }
  }

  async #handOver(held: HeldPartition, payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    if (!held.isHeld) return
    held.logEnd = Number(batch.highWatermark)
    if (fetchedFrom(payload) !== held.expected) {
      await this.#findPosition(held, payload)
      return
    }
    held.strayFetches = 0
    const { seeks } = held
    const nextOffset = Number(batch.lastOffset()) + 1
    let commitOffset: number
    try {
      const records = await this.#parts.reader.read(batch.messages, this.#end.signal)
      const outcome = await this.#parts.handler.records(held.partition, records)
      // Revoked or sought elsewhere meanwhile: what comes next is decided already.
      if (!held.isHeld || held.seeks !== seeks) return
      if (outcome.kind === 'seek') {
        this.#moveTo(held, outcome.offset)
        return
      }
      commitOffset = outcome.nextOffset
    } catch (error) {
      this.#failed(`cannot use partition ${held.partition} of ${this.#parts.topic}`, error)
      return
    }
    held.expected = nextOffset
    payload.resolveOffset(batch.messages.at(-1)!.offset)
    await this.#commit(held, commitOffset, payload)
  }

  /**
   * A fetch that held nothing but the marks of somebody's transactions, or what those took back: kafkajs passes over
   * it without a word to eachBatch, and rightly so.
   */
  #passOver({ payload }: ConsumerStartBatchProcessEvent): void {
    const held = this.#held.get(payload.partition)
    if (held === undefined || payload.batchSize > 0) return
    if (Number(payload.firstOffset) === held.expected) held.expected = Number(payload.lastOffset) + 1
  }

  /** Commits under the generation that fetched; what fails is told to kafkajs, which joins the group again where that mends it. */
  async #commit(held: HeldPartition, nextOffset: number, payload: EachBatchPayload): Promise<void> {
    const partitions = [{ partition: held.partition, offset: String(nextOffset) }]
    try {
      await payload.commitOffsetsIfNecessary({ topics: [{ topic: this.#parts.topic, partitions }] })
      held.uncommitted = null
    } catch (error) {
      held.uncommitted = nextOffset
      this.#log('warn', 'kafka commit failed', {
        topic: this.#parts.topic,
        partition: held.partition,
        error: messageOf(error),
        type: errorType(error)
      })
      throw error
    }
  }

  /** The fetch began elsewhere: back to the expected offset, or to the log's start where that is not in the log any more. */
  async #findPosition(held: HeldPartition, { batch }: EachBatchPayload): Promise<void> {
    const { topic, admin, patienceMs } = this.#parts
    const { expected, partition, seeks } = held
    held.strayFetches += 1
    if (held.strayFetches > MAX_STRAY_FETCHES) {
      const cause = new Error(`the broker goes on at ${batch.firstOffset()}; is the topic compacted?`)
      const what = `cannot read partition ${partition} of ${topic} at offset ${expected}`
      this.#fail(kafkaError(this.#parts.connection, what, cause))
      return
    }
    const bounds = await tryFor(this.#end.signal, patienceMs, () => fetchLogBounds(admin, topic))
    if (!held.isHeld || held.seeks !== seeks || expected === null) return
    const position = positionInLog(expected, bounds[partition] ?? { start: expected, end: expected })
    if (position !== expected) {
      this.#log('warn', 'offset is not in the log, reading from its start', {
        topic,
        partition,
        offset: expected,
        start: position
      })
    }
    this.#moveTo(held, position)
  }

  #releaseAll(): void {
    for (const held of this.#held.values()) {
      held.isHeld = false
      this.#turnsOf(held.partition)
        .take(() => Promise.resolve(this.#parts.handler.revoked(held.partition)))
        .catch((error: unknown) => this.#failed(`cannot give back partition ${held.partition}`, error))
    }
    this.#held.clear()
  }

  #turnsOf(partition: number): Turns {
    let turns = this.#turns.get(partition)
    if (turns === undefined) {
      turns = new Turns()
      this.#turns.set(partition, turns)
    }
    return turns
  }

  /** Keeps the membership while a handler works; where that fails, kafkajs finds it out itself after the handler. */
  #beat(payload: EachBatchPayload): void {
    payload.heartbeat().catch((error: unknown) => {
      this.#log('debug', 'kafka heartbeat failed', { error: messageOf(error), type: errorType(error) })
    })
  }

  #showLife(): void {
    this.#lastLifeMs = performance.now()
  }

  #isWorthRestarting(): boolean {
    const silentMs = performance.now() - this.#lastLifeMs
    return !this.#isStopping && this.#failure === undefined && silentMs < this.#parts.patienceMs
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

  #tick(): void {
    const { topic, patienceMs, connection } = this.#parts
    const silentMs = performance.now() - this.#lastLifeMs
    if (silentMs > patienceMs) {
      const cause = new Error(`no sign of life for ${Math.round(silentMs / 1000)} s`)
      this.#fail(kafkaError(connection, `the consumer of topic ${topic} stands still`, cause))
      return
    }
    this.#commitAgain()
    this.#ticks += 1
    if (this.#ticks % ENDS_EVERY_TICKS === 0) void this.#updateLogEnds()
  }

  #commitAgain(): void {
    for (const held of this.#held.values()) {
      const { partition, uncommitted } = held
      if (uncommitted === null) continue
      held.uncommitted = null
      this.#consumer
        .commitOffsets([{ topic: this.#parts.topic, partition, offset: String(uncommitted) }])
        .catch((error: unknown) => {
          held.uncommitted ??= uncommitted
          this.#log('debug', 'kafka commit failed again', { partition, error: messageOf(error) })
        })
    }
  }

  /** A partition whose handler is slow brings no fetches, and still falls behind. */
  async #updateLogEnds(): Promise<void> {
    try {
      const bounds = await fetchLogBounds(this.#parts.admin, this.#parts.topic)
      for (const held of this.#held.values()) {
        held.logEnd = Math.max(held.logEnd, bounds[held.partition]?.end ?? 0)
      }
    } catch (error) {
      this.#log('debug', 'log ends not known', { topic: this.#parts.topic, error: messageOf(error) })
    }
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
    else this.#settleStart(error)
    void this.stop()
  }
}

/** The offset that the fetch asked for; kafkajs keeps it and does not declare it. */
function fetchedFrom({ batch }: EachBatchPayload): number {
  return Number((batch as typeof batch & { readonly fetchedOffset: string }).fetchedOffset)
}
