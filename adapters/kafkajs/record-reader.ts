// Kafka messages as the bus's records: headers read, values decoded, schemas of other writers learned on the way.
import type { KafkaMessage } from 'kafkajs'
import type { BusRecord, Delivered, TopicName, TopicValues } from '../../core/bus.ts'
import type { AvroCodec } from '../avro-codec.ts'
import type { SchemaRegistry } from '../schema-registry.ts'
import { headerName, headerPackets, headerText } from './message-headers.ts'

const NO_BYTES = new Uint8Array(0)

/** Reads the messages of one topic. What cannot be decoded is handed over as it was, with the reason. */
export class RecordReader<K extends TopicName> {
  readonly #codec: AvroCodec<K>
  readonly #registry: SchemaRegistry
  readonly #subject: string

  constructor(codec: AvroCodec<K>, registry: SchemaRegistry, subject: string) {
    this.#codec = codec
    this.#registry = registry
    this.#subject = subject
  }

  /**
   * Every message in order. Waits while the registry does not answer for a schema that is not known yet; rejects only
   * when the signal ends that wait.
   */
  async read(messages: readonly KafkaMessage[], signal: AbortSignal): Promise<BusRecord<TopicValues[K]>[]> {
    const records: BusRecord<TopicValues[K]>[] = []
    for (const message of messages) {
      records.push({
        offset: Number(message.offset),
        appendedAtMs: Number(message.timestamp),
        headerName: headerText(message.headers, 'name'),
        delivered: await this.#deliver(message, signal)
      })
    }
    return records
  }

  async #deliver({ value, headers }: KafkaMessage, signal: AbortSignal): Promise<Delivered<TopicValues[K]>> {
    const bytes = value ?? NO_BYTES
    let decoded = this.#codec.decode(bytes)
    if (decoded.kind === 'schema-unknown') {
      const { schemaId } = decoded
      const schema = await this.#registry.writerSchema(this.#subject, schemaId, signal)
      if (schema !== null) {
        this.#codec.learn(schemaId, schema)
        decoded = this.#codec.decode(bytes)
      }
    }
    if (decoded.kind === 'value') return { ...decoded, sizeBytes: bytes.length }
    const reason = decoded.kind === 'unreadable' ? decoded.reason : 'unknown-schema'
    // A value whose own name is no name differs from what its headers say: a message without a name.
    const name = reason === 'name-missing' ? null : headerName(headers)
    return { kind: 'unreadable', reason, bytes, name, packets: headerPackets(headers) }
  }
}
