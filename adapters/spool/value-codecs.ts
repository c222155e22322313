// Batches as they lie in the spool: Avro by the schema of their segment, and schema id 0 for that one.
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { schemaText } from '../avro/schemas.ts'
import { AvroCodec } from '../avro-codec.ts'

const SEGMENT_SCHEMA_ID = 0
/** No value has it: ours are written with 0. */
const NO_SCHEMA_ID = 0xffff_ffff

/** Writes with the newest schema, and reads what any earlier version of the program wrote. */
export class ValueCodecs {
  readonly schema = schemaText('packets.raw')
  readonly #own = new AvroCodec('packets.raw', SEGMENT_SCHEMA_ID)
  readonly #others = new Map<string, AvroCodec<'packets.raw'>>()

  /** A view, for a record to be made of at once: any codec that encodes next overwrites it. */
  encode(batch: RawBatch): Buffer {
    return this.#own.encodeInPlace(batch)
  }

  /** Throws where the bytes, whose checksum was right, are no batch: a fault of the program. */
  decode(schema: string, value: Uint8Array): RawBatch {
    const decoded = this.#codecOf(schema).decode(value)
    if (decoded.kind === 'value') return decoded.value
    throw new Error(
      `a spooled batch cannot be read: ${decoded.kind === 'unreadable' ? decoded.reason : decoded.kind}`
    )
  }

  #codecOf(schema: string): AvroCodec<'packets.raw'> {
    if (schema === this.schema) return this.#own
    let codec = this.#others.get(schema)
    if (codec === undefined) {
      codec = new AvroCodec('packets.raw', NO_SCHEMA_ID)
      codec.learn(SEGMENT_SCHEMA_ID, schema)
      this.#others.set(schema, codec)
    }
    return codec
  }
}
