// Batches as they lie in the spool: Avro by the schema of their segment, and schema id 0 for that one.
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { keepEncoded } from '../avro/encoded-values.ts'
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

  /** Good until the next batch is encoded. */
  encode(batch: RawBatch): Buffer {
    return this.#own.encodeShared(batch)
  }

  /**
   * The batch keeps `value`, which must stay as it is, and is sent on as those bytes where their schema is the newest. Throws
   * where they, whose checksum was right, are no batch: a fault of the program.
   */
  decode(schema: string, value: Buffer): RawBatch {
    const decoded = this.#codecOf(schema).decode(value)
    if (decoded.kind === 'value') {
      if (schema === this.schema) keepEncoded(decoded.value, value)
      return decoded.value
    }
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
