// What happens to the records of a partition between kafkajs and the handler. Each partition's next offset is kept
// here; a fetch that begins elsewhere is dropped, and read again from where it should have begun.
import type { Consumer, ConsumerStartBatchProcessEvent, EachBatchPayload } from 'kafkajs'
import type { TopicName } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { Log } from '../log.ts'
import { errorType, kafkaError, messageOf } from './connection.ts'
import type { HeldPartition, HeldPartitions } from './held-partition.ts'
import { fetchCommitted, fetchPartitionBounds } from './log-bounds.ts'
import type { SubscriptionParts } from './subscription.ts'
import { tryFor } from './try-for.ts'

const BEAT_MS = 1000
/** Fetches in a row from a wrong offset after which something is wrong that seeking does not mend. */
const MAX_STRAY_FETCHES = 50

/** Takes what ended the reading; `what` says it for errors of kafkajs. */
export type FlowFailure = (error: unknown, what?: string) => void

/** Hands records over: in order, none skipped, none twice unless asked for. `signal` ends its waits. */
export class RecordFlow<K extends TopicName> {
  readonly #parts: SubscriptionParts<K>
  readonly #consumer: Consumer
  readonly #held: HeldPartitions
  readonly #signal: AbortSignal
  readonly #onFailure: FlowFailure
  readonly #log: Log

  constructor(
    parts: SubscriptionParts<K>,
    consumer: Consumer,
    held: HeldPartitions,
    signal: AbortSignal,
    onFailure: FlowFailure
  ) {
    this.#parts = parts
    this.#consumer = consumer
    this.#held = held
    this.#signal = signal
    this.#onFailure = onFailure
    this.#log = parts.connection.log
  }

  /** Asks the handler where to begin, and begins there. */
  async begin(held: HeldPartition): Promise<void> {
    if (!held.isHeld) return
    const { partition } = held
    const { handler, patienceMs, topic } = this.#parts
    const start = await handler.assigned(partition)
    const wanted =
      start === 'committed' ? await tryFor(this.#signal, patienceMs, () => this.#committed(partition)) : start
    await this.#goTo(held, wanted)
    if (!held.isHeld || this.#signal.aborted) return
    this.#whileJoined(() => this.#consumer.resume([{ topic, partitions: [partition] }]))
  }

  async #committed(partition: number): Promise<number | undefined> {
    const { admin, group, topic } = this.#parts
    return (await fetchCommitted(admin, group, topic)).get(partition)
  }

  /**
   * Goes to the wanted offset, or to the log's start where that is above it, which the handler is told; undefined is
   * the log's start. What is sought meanwhile counts instead, or, before there is a position, where it is lower: should
   * that not be in the log, the fetch from there begins elsewhere and leads here again. Throws SP_TOPIC for an offset
   * above the log's end.
   */
  async #goTo(held: HeldPartition, wanted: number | undefined): Promise<void> {
    const { admin, topic, handler, patienceMs } = this.#parts
    const { partition, seeks } = held
    const { start, end } = await tryFor(this.#signal, patienceMs, () =>
      fetchPartitionBounds(admin, topic, partition)
    )
    if (!held.isHeld || this.#signal.aborted || held.seeks !== seeks) return
    if (wanted !== undefined && wanted > end) throw this.#beyondEnd(partition, wanted, end)
    if (wanted !== undefined && wanted < start) {
      const message = 'offset is not in the log any more, reading from its start'
      this.#log('warn', message, { topic, partition, wanted, offset: start })
      await handler.begins(partition, start, wanted)
      if (!held.isHeld || this.#signal.aborted || held.seeks !== seeks) return
    }
    held.logEnd = end
    const offset = Math.max(wanted ?? start, start)
    this.moveTo(held, Math.min(offset, held.sought ?? offset))
  }

  #beyondEnd(partition: number, wanted: number, end: number): StormpetrelError {
    const { topic, group, connection } = this.#parts
    return new StormpetrelError(
      'SP_TOPIC',
      `Kafka at ${connection.brokers.join(', ')}: partition ${partition} of ${topic}: offset ${wanted} is wanted and ` +
        `the log ends at ${end}: it lost records or was made anew; restore it, or begin with a store and a group other than ${group}`
    )
  }

  /** From outside. Without a position the handler is still being asked for one: the lower of both counts. */
  seek(held: HeldPartition, offset: number): void {
    if (held.expected === null) held.sought = Math.min(offset, held.sought ?? offset)
    else this.moveTo(held, offset)
  }

  /** The next record that is handed over is this one. */
  moveTo(held: HeldPartition, offset: number): void {
    held.expected = offset
    held.seeks += 1
    const { topic } = this.#parts
    const { partition } = held
    this.#whileJoined(() => this.#consumer.seek({ topic, partition, offset: String(offset) }))
  }

  /** Between a crash and the next start kafkajs refuses this; joining the group again asks for every position anew. */
  #whileJoined(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#log('debug', 'kafka consumer has no group now', { error: messageOf(error) })
    }
  }

  /** Everything that one fetch brought for one partition. What is not resolved here is fetched again. */
  async fetched(payload: EachBatchPayload): Promise<void> {
    const held = this.#held.get(payload.batch.partition)
    if (held === undefined || held.expected === null || this.#signal.aborted || payload.isStale()) return
    const beat = setInterval(() => this.#beat(payload), BEAT_MS)
    try {
      await this.#held.inTurn(held.partition, () => this.#handOver(held, payload))
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
      const records = await this.#parts.reader.read(batch.messages, this.#signal)
      const outcome = await this.#parts.handler.records(held.partition, records)
      this.#held.progressed(held.partition)
      // Revoked or sought elsewhere meanwhile: what comes next is decided already.
      if (!held.isHeld || held.seeks !== seeks) return
      if (outcome.kind === 'seek') {
        this.moveTo(held, outcome.offset)
        return
      }
      commitOffset = outcome.nextOffset
    } catch (error) {
      this.#onFailure(error, `cannot use partition ${held.partition} of ${this.#parts.topic}`)
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
  passOver({ payload }: ConsumerStartBatchProcessEvent): void {
    const held = this.#held.get(payload.partition)
    if (held === undefined || payload.batchSize > 0) return
    if (Number(payload.firstOffset) === held.expected) held.expected = Number(payload.lastOffset) + 1
  }

  /**
   * Commits under the generation that fetched; what fails is told to kafkajs, which joins the group again where that
   * mends it.
   */
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

  /**
   * The fetch began elsewhere: back to the expected offset, or to the log's start where that is not in the log any
   * more.
   */
  async #findPosition(held: HeldPartition, { batch }: EachBatchPayload): Promise<void> {
    const { topic } = this.#parts
    const { expected, partition } = held
    held.strayFetches += 1
    if (held.strayFetches > MAX_STRAY_FETCHES) {
      const cause = new Error(`the broker goes on at ${batch.firstOffset()}; is the topic compacted?`)
      const what = `cannot read partition ${partition} of ${topic} at offset ${expected}`
      this.#onFailure(kafkaError(this.#parts.connection, what, cause))
      return
    }
    try {
      await this.#goTo(held, expected ?? undefined)
    } catch (error) {
      this.#onFailure(error, `cannot find where partition ${partition} of ${topic} goes on`)
    }
  }

  /** Keeps the membership while a handler works; where that fails, kafkajs finds it out itself after the handler. */
  #beat(payload: EachBatchPayload): void {
    payload.heartbeat().catch((error: unknown) => {
      this.#log('debug', 'kafka heartbeat failed', { error: messageOf(error), type: errorType(error) })
    })
  }
}

/** The offset that the fetch asked for; kafkajs keeps it and does not declare it. */
function fetchedFrom({ batch }: EachBatchPayload): number {
  return Number((batch as typeof batch & { readonly fetchedOffset: string }).fetchedOffset)
}
