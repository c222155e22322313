// The bus of the embedded default: the contract of core/bus.ts within one process, values handed over as they are.
import type { Bus, BusRecord, PartitionHandler, Subscription, TopicName, TopicValues } from '../core/bus.ts'
import { formatName } from '../core/batch/name.ts'
import { StormpetrelError } from '../core/errors.ts'

/** A topic without readers keeps this many newest records a partition. */
const UNREAD_RECORDS = 256

class Partition<T> {
  /** Offset of records[0]. */
  first = 0
  records: BusRecord<T>[] = []
  /** Next offset of each group that reads it. */
  readonly positions = new Map<string, number>()
  /** Readers that wait for a record, a seek or the end. */
  readonly #sleeping = new Set<() => void>()

  get end(): number {
    return this.first + this.records.length
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => this.#sleeping.add(resolve))
  }

  wake(): void {
    for (const resolve of this.#sleeping) resolve()
    this.#sleeping.clear()
  }

  /** Drops what every group has read. */
  trim(): void {
    const least = this.positions.size === 0 ? this.end - UNREAD_RECORDS : Math.min(...this.positions.values())
    // Dropping in steps keeps the cost of moving the rest small.
    if (least - this.first < 64) return
    this.records.splice(0, least - this.first)
    this.first = least
  }
}

/** What an in-process bus is made of; all topics have the same number of partitions. */
export interface InProcessBusOptions {
  readonly partitions: number
  /** A publisher waits while a partition holds this many unread records. */
  readonly maxUnreadRecords: number
  /** The broker's clock, in milliseconds. */
  readonly nowMs: () => number
}

/** One process, one reader a group and topic; nothing outlives it. */
export class InProcessBus implements Bus {
  readonly copiesValues: boolean = false
  readonly #options: InProcessBusOptions
  readonly #topics = new Map<TopicName, Partition<TopicValues[TopicName]>[]>()
  readonly #waiting = new Set<() => void>()
  #isStopped = false

  constructor(options: InProcessBusOptions) {
    this.#options = options
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    this.#releaseWaiting()
    return Promise.resolve()
  }

  partitions(_topic: TopicName): Promise<number> {
    return Promise.resolve(this.#options.partitions)
  }

  endOffsets(topic: TopicName): Promise<number[]> {
    return Promise.resolve(this.#partitionsOf(topic).map((partition) => partition.end))
  }

  offsetsAt(topic: TopicName, appendedAtMs: number): Promise<number[]> {
    return Promise.resolve(
      this.#partitionsOf(topic).map(
        ({ records, end }) => records.find((record) => record.appendedAtMs >= appendedAtMs)?.offset ?? end
      )
    )
  }

  groupOffsets(topic: TopicName, group: string): Promise<number[]> {
    return Promise.resolve(this.#partitionsOf(topic).map(({ positions }) => positions.get(group) ?? 0))
  }

  async publish<K extends TopicName>(
    topic: K,
    partition: number,
    values: readonly TopicValues[K][]
  ): Promise<number> {
    const target = this.#partitionsOf(topic)[partition]
    if (target === undefined) throw new RangeError(`no partition ${partition} of ${topic}`)
    while (
      target.positions.size > 0 &&
      !this.#isStopped &&
      this.#unread(target) >= this.#options.maxUnreadRecords
    ) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    for (const value of values) {
      target.records.push({
        offset: target.end,
        appendedAtMs: this.#options.nowMs(),
        headerName: nameOf(value),
        delivered: { kind: 'value', value, sizeBytes: 0 }
      })
    }
    target.trim()
    target.wake()
    return 0
  }

  async subscribe<K extends TopicName>(
    topic: K,
    group: string,
    handler: PartitionHandler<TopicValues[K]>,
    onFailure: (error: Error) => void
  ): Promise<Subscription> {
    const partitions = this.#partitionsOf(topic) as Partition<TopicValues[K]>[]
    const readers = partitions.map(
      (partition, index) => new PartitionReader({ partition, topic, index, group, handler })
    )
    await Promise.all(readers.map((reader) => reader.assign()))
    const stop = (): void => {
      for (const reader of readers) reader.stop()
    }
    let hasFailed = false
    const fail = (error: Error): void => {
      if (!hasFailed) onFailure(error)
      hasFailed = true
      stop()
    }
    const loops = readers.map((reader) => reader.run(() => this.#releaseWaiting()).catch(fail))
    return {
      seek: (partition, offset) => readers[partition]?.seek(offset),
      // Nothing between reader and handler can get stuck here.
      stillWaiting: () => undefined,
      lagRecords: () => readers.reduce((total, reader) => total + reader.lagRecords(), 0),
      stop: async () => {
        stop()
        await Promise.all(loops)
      }
    }
  }

  #unread(partition: Partition<TopicValues[TopicName]>): number {
    return partition.end - Math.min(...partition.positions.values())
  }

  #releaseWaiting(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  #partitionsOf(topic: TopicName): Partition<TopicValues[TopicName]>[] {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) {
      partitions = Array.from(
        { length: this.#options.partitions },
        () => new Partition<TopicValues[TopicName]>()
      )
      this.#topics.set(topic, partitions)
    }
    return partitions
  }
}

/** The batch that a record is about, as its header says it. */
function nameOf(value: TopicValues[TopicName]): string | null {
  if ('surge' in value) return null
  return 'digest' in value ? formatName(value.name) : value.name
}

/** Most records that one call of the handler is given. */
const MAX_RECORDS_A_CALL = 64

interface ReaderParts<T> {
  readonly partition: Partition<T>
  readonly topic: TopicName
  /** The partition's number. */
  readonly index: number
  readonly group: string
  readonly handler: PartitionHandler<T>
}

/** Feeds one partition to its handler, one call at a time. */
class PartitionReader<T> {
  readonly #parts: ReaderParts<T>
  #seekTo: number | null = null
  #isStopped = false

  constructor(parts: ReaderParts<T>) {
    this.#parts = parts
  }

  /** Asks the handler where to begin; `run` goes there. */
  async assign(): Promise<void> {
    const { partition, index, group, handler } = this.#parts
    const start = await handler.assigned(index)
    const isNew = start === 'committed' && !partition.positions.has(group)
    const wanted = start === 'committed' ? (partition.positions.get(group) ?? partition.first) : start
    // From here on nothing is dropped that this group has not read.
    partition.positions.set(group, Math.min(Math.max(wanted, partition.first), partition.end))
    if (!isNew) this.#seekTo = wanted
  }

  /** Of several before the next records, the lowest counts. */
  seek(offset: number): void {
    this.#seekTo = Math.min(offset, this.#seekTo ?? offset)
    this.#parts.partition.wake()
  }

  lagRecords(): number {
    const { partition, group } = this.#parts
    return partition.end - (partition.positions.get(group) ?? 0)
  }

  stop(): void {
    this.#isStopped = true
    this.#parts.partition.wake()
  }

  async run(onProgress: () => void): Promise<void> {
    const { partition, index, group, handler } = this.#parts
    // The caller of `subscribe` has its subscription before the handler has records.
    await new Promise(setImmediate)
    while (!this.#isStopped) {
      if (this.#seekTo !== null) {
        const wanted = this.#seekTo
        this.#seekTo = null
        await this.#moveTo(wanted)
        continue
      }
      const from = partition.positions.get(group)!
      if (from >= partition.end) {
        await partition.sleep()
        continue
      }
      const at = from - partition.first
      const outcome = await handler.records(index, partition.records.slice(at, at + MAX_RECORDS_A_CALL))
      if (outcome.kind === 'commit') partition.positions.set(group, outcome.nextOffset)
      else await this.#moveTo(outcome.offset)
      partition.trim()
      onProgress()
    }
    handler.revoked(index)
  }

  /** Goes to the wanted offset, or to the log's start where that is above it, which the handler is told. */
  async #moveTo(wanted: number): Promise<void> {
    const { partition, topic, index, group, handler } = this.#parts
    const { first, end } = partition
    if (wanted > end) {
      throw new StormpetrelError(
        'SP_TOPIC',
        `partition ${index} of ${topic}: offset ${wanted} is wanted and the log ends at ${end}; ` +
          'what was counted belongs to another log: start with an empty store'
      )
    }
    partition.positions.set(group, Math.max(wanted, first))
    if (wanted < first) await handler.begins(index, first, wanted)
  }
}
