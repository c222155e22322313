// Topics of their own for each test on the shared stack, and a reader that checks the bus's promises as it reads.
import { randomBytes } from 'node:crypto'
import type { IHeaders } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import { KafkajsBus, type KafkajsBusOptions } from '../../../adapters/kafkajs-bus.ts'
import { checkTopics, DEFAULT_TOPIC_SETTINGS } from '../../../adapters/topics.ts'
import type { RawBatch } from '../../../core/batch/raw-batch.ts'
import type { BusRecord, ConsumeOutcome, PartitionHandler } from '../../../core/bus.ts'

/** Where the bus's parts are. */
export interface BusAddresses {
  readonly kafkaBrokers: readonly string[]
  readonly registryUrl: string
}

/** A prefix that no other test has. */
export function freshPrefix(): string {
  return `t${randomBytes(6).toString('hex')}.`
}

/** Makes topics and schemas under a fresh prefix, and starts a bus on them. */
export async function freshBus(
  addresses: BusAddresses,
  partitions: number,
  options: Partial<KafkajsBusOptions> = {}
): Promise<{ bus: KafkajsBus; topicPrefix: string; options: KafkajsBusOptions }> {
  const topicPrefix = freshPrefix()
  const findings = await checkTopics(
    {
      brokers: addresses.kafkaBrokers,
      registryUrl: addresses.registryUrl,
      topicPrefix,
      settings: { ...DEFAULT_TOPIC_SETTINGS, partitions }
    },
    { apply: true }
  )
  const left = findings.filter(({ isMended }) => !isMended)
  if (left.length > 0) throw new Error(`topics not made: ${JSON.stringify(left)}`)
  const all = { brokers: addresses.kafkaBrokers, registryUrl: addresses.registryUrl, topicPrefix, ...options }
  const bus = new KafkajsBus(all)
  await bus.start()
  return { bus, topicPrefix, options: all }
}

/** A batch that holds nothing but its number, and `sizeBytes` of capture. */
export function numberedBatch(number: number, sizeBytes = 0): RawBatch {
  return {
    name: { sensor: 'local', epoch: 'ab', lane: 0, number },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: 0,
    packets: 0,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    capture: Buffer.alloc(sizeBytes, number),
    file: null,
    frames: new Float64Array(0),
    refused: []
  }
}

export function numberedBatches(from: number, to: number, sizeBytes = 0): RawBatch[] {
  return Array.from({ length: to - from + 1 }, (_, index) => numberedBatch(from + index, sizeBytes))
}

/** Sends values as they are, by a client of somebody else. */
export async function sendForeign(
  brokers: readonly string[],
  topic: string,
  partition: number,
  messages: readonly { value: Buffer | null; headers?: IHeaders }[]
): Promise<void> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: messages.map((message) => ({ ...message, partition })) })
  await producer.disconnect()
}

export const unexpected = (error: Error): void => {
  throw error
}

/** What happened to a partition, in order. */
export type Happening = `assigned ${number}` | `revoked ${number}`

/**
 * Reads raw batches and checks, for each time a partition is held: no overlap of calls, no record skipped and none
 * twice, none before `assigned` or after `revoked`.
 */
export class CheckingReader implements PartitionHandler<RawBatch> {
  readonly received: BusRecord<RawBatch>[] = []
  readonly happenings: Happening[] = []
  readonly broken: string[] = []
  /** What `begins` was told. */
  readonly begun: { partition: number; offset: number; wanted: number }[] = []
  /** What `assigned` answers. */
  start: number | 'committed' = 'committed'
  /** Called with every delivery; may wait, and may answer something else than to commit. */
  onRecords: (partition: number, records: readonly BusRecord<RawBatch>[]) => Promise<ConsumeOutcome | null> =
    () => Promise.resolve(null)
  readonly held = new Set<number>()
  readonly #busy = new Set<number>()
  readonly #next = new Map<number, number>()
  readonly #waiting = new Set<() => void>()

  async assigned(partition: number): Promise<number | 'committed'> {
    this.#enter(partition)
    // A turn of the event loop, in which a record that comes too early would be seen.
    await new Promise(setImmediate)
    this.happenings.push(`assigned ${partition}`)
    this.held.add(partition)
    this.#next.delete(partition)
    this.#leave(partition)
    return this.start
  }

  begins(partition: number, offset: number, wanted: number): Promise<void> {
    this.begun.push({ partition, offset, wanted })
    this.#next.set(partition, offset)
    return Promise.resolve()
  }

  async records(partition: number, records: readonly BusRecord<RawBatch>[]): Promise<ConsumeOutcome> {
    this.#enter(partition)
    if (!this.held.has(partition)) this.broken.push(`records of ${partition}, which is not held`)
    for (const record of records) {
      const expected = this.#next.get(partition)
      if (expected !== undefined && record.offset !== expected) {
        this.broken.push(`offset ${record.offset} of ${partition} instead of ${expected}`)
      }
      this.#next.set(partition, record.offset + 1)
      this.received.push(record)
    }
    const outcome = (await this.onRecords(partition, records)) ?? {
      kind: 'commit' as const,
      nextOffset: records.at(-1)!.offset + 1
    }
    if (outcome.kind === 'seek') this.#next.set(partition, outcome.offset)
    this.#leave(partition)
    return outcome
  }

  revoked(partition: number): void {
    if (this.#busy.has(partition)) this.broken.push(`revoked ${partition} during a call`)
    this.happenings.push(`revoked ${partition}`)
    this.held.delete(partition)
    this.#wake()
  }

  /** A seek from outside: the next record may be any. */
  forget(partition: number): void {
    this.#next.delete(partition)
  }

  /** Numbers of the batches that were read, in order; unreadable ones are left out. */
  numbers(): number[] {
    return this.received.flatMap(({ delivered }) =>
      delivered.kind === 'value' ? [delivered.value.name.number] : []
    )
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
  }

  #enter(partition: number): void {
    if (this.#busy.has(partition)) this.broken.push(`calls of ${partition} overlap`)
    this.#busy.add(partition)
  }

  #leave(partition: number): void {
    this.#busy.delete(partition)
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
