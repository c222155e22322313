// Values of the topics as Avro in the Confluent wire format: 0x00, the schema's id in four bytes, the value.
import type avro from 'avsc'
import type { TopicName, TopicValues } from '../core/bus.ts'
import type { BatchRejectReason } from '../core/packets/reject-reason.ts'
import { UnusableValueError } from './avro/batch-head.ts'
import { columnarType, withoutColumns } from './avro/column-types.ts'
import { encodedValueOf } from './avro/encoded-values.ts'
import { enrichedFromAvro, enrichedToAvro } from './avro/enriched-value.ts'
import { asBuffer, rawFromAvro, rawToAvro } from './avro/raw-value.ts'
import { rejectedFromAvro, rejectedToAvro } from './avro/rejected-value.ts'
import { topicSchema } from './avro/schemas.ts'
import { surgeFromAvro, surgeToAvro } from './avro/surge-value.ts'
import { OverBoundsError } from './avro/tap.ts'

/** A value that was read, why it cannot be, or the id of the schema that has to be learned first. */
export type Decoded<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'unreadable'; readonly reason: BatchRejectReason }
  | { readonly kind: 'schema-unknown'; readonly schemaId: number }

interface Mapping<T> {
  readonly toAvro: (value: T) => object
  readonly fromAvro: (value: unknown) => T
}

const MAPPINGS: { readonly [K in TopicName]: Mapping<TopicValues[K]> } = {
  'packets.raw': { toAvro: rawToAvro, fromAvro: rawFromAvro },
  'packets.enriched': { toAvro: enrichedToAvro, fromAvro: enrichedFromAvro },
  'packets.rejected': { toAvro: rejectedToAvro, fromAvro: rejectedFromAvro },
  surges: { toAvro: surgeToAvro, fromAvro: surgeFromAvro }
}

const HEADER_BYTES = 5
const START_BUFFER_BYTES = 512 * 1024

/** One buffer for every encoder of the process: values are copied out of it, and it grows to the largest. */
let writeBuffer = Buffer.alloc(0)

type Resolver = ReturnType<avro.Type['createResolver']>

/** Writes and reads the values of one topic. Nothing in a value makes it throw. */
export class AvroCodec<K extends TopicName> {
  readonly #type: avro.Type
  readonly #readType: avro.Type
  readonly #mapping: Mapping<TopicValues[K]>
  readonly #schemaId: number
  /** How values of other schemas are read; null where their schema is none of this topic. */
  readonly #resolvers = new Map<number, Resolver | null>()

  /**
   * `schemaId` is what the registry calls the newest schema of the topic; values are written with it. Columns that are
   * `unread` cost a reader nothing, and hold what they hold where a batch does not have them.
   */
  constructor(topic: K, schemaId: number, unread: readonly string[] = []) {
    this.#type = columnarType(topicSchema(topic))
    this.#readType =
      unread.length === 0 ? this.#type : columnarType(withoutColumns(topicSchema(topic), unread))
    this.#mapping = MAPPINGS[topic]
    this.#schemaId = schemaId
  }

  /** The value's bytes, in a buffer of their own. */
  encode(value: TopicValues[K]): Buffer {
    const encoded = encodedValueOf(value)
    if (encoded !== undefined) {
      encoded.writeUInt32BE(this.#schemaId, 1)
      return encoded
    }
    return Buffer.from(this.encodeShared(value))
  }

  /** The same where they were written: good until the next value of any codec is encoded. */
  encodeShared(value: TopicValues[K]): Buffer {
    if (writeBuffer.length === 0) writeBuffer = Buffer.alloc(START_BUFFER_BYTES)
    const record = this.#mapping.toAvro(value)
    let end = this.#type.encode(record, writeBuffer, HEADER_BYTES)
    if (end < 0) {
      // What was missing is known to avsc; twice as much spares the next value the same.
      writeBuffer = Buffer.alloc((writeBuffer.length - end) * 2)
      end = this.#type.encode(record, writeBuffer, HEADER_BYTES)
    }
    writeBuffer[0] = 0
    writeBuffer.writeUInt32BE(this.#schemaId, 1)
    return writeBuffer.subarray(0, end)
  }

  /** Reads a value, whose bytes are views into these: they must stay as they are. */
  decode(bytes: Uint8Array): Decoded<TopicValues[K]> {
    if (bytes.length <= HEADER_BYTES || bytes[0] !== 0) return { kind: 'unreadable', reason: 'not-avro' }
    const buffer = asBuffer(bytes)
    const schemaId = buffer.readUInt32BE(1)
    const resolver = schemaId === this.#schemaId ? 'own' : this.#resolvers.get(schemaId)
    if (resolver === undefined) return { kind: 'schema-unknown', schemaId }
    if (resolver === null) return { kind: 'unreadable', reason: 'unknown-schema' }
    try {
      const body = buffer.subarray(HEADER_BYTES)
      const value: unknown = this.#readType.fromBuffer(body, resolver === 'own' ? undefined : resolver)
      return { kind: 'value', value: this.#mapping.fromAvro(value) }
    } catch (error) {
      return { kind: 'unreadable', reason: reasonOf(error) }
    }
  }

  /** Teaches the codec a schema that others wrote with, as the registry gave it. */
  learn(schemaId: number, schemaJson: string): void {
    this.#resolvers.set(schemaId, this.#resolverFor(schemaJson))
  }

  /** Null where the schema is not Avro, or of another topic. */
  #resolverFor(schemaJson: string): Resolver | null {
    try {
      return this.#readType.createResolver(columnarType(JSON.parse(schemaJson) as object))
    } catch (error) {
      if (error instanceof Error) return null
      throw error
    }
  }
}

/** Whatever avsc throws on bytes that are no value of the schema means the same. */
function reasonOf(error: unknown): BatchRejectReason {
  if (error instanceof UnusableValueError) return error.reason
  if (error instanceof OverBoundsError) return 'over-bounds'
  return 'not-avro'
}
