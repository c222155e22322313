// Avro arrays as columns: avsc's own array type makes and takes JavaScript arrays, element by element; these read
// straight into typed arrays and write from them, and take no memory on the word of a count that may lie.
import avro from 'avsc'
import { MAX_BATCH_FRAMES } from '../../core/batch/raw-batch.ts'
import type { RecordSchema } from './schemas.ts'
import {
  BLOCK_HEAD_BYTES,
  closeBlock,
  type ColumnResolver,
  DamagedValueError,
  OverBoundsError,
  readBlockCount,
  skipArray,
  type Tap,
  writeVarint,
  writeVarints
} from './tap.ts'

/** Addresses as PacketColumns keeps them: four words an address, one where `versions` says 4. */
export interface AddressColumn {
  readonly length: number
  readonly versions: Uint8Array
  readonly words: Uint32Array
}

type ArraySchema = ConstructorParameters<typeof avro.types.ArrayType>[0]
type ForSchemaOptions = NonNullable<Parameters<typeof avro.Type.forSchema>[1]>

/** Elements of an array that is no column, such as declared losses. */
const MAX_LIST_ELEMENTS = 65_536

function checkColumnLength(length: number): void {
  if (length > MAX_BATCH_FRAMES) throw new OverBoundsError(`${length} elements in a column`)
}

/** Where a column is copied before it is written, so that the loop over it sees one kind of array only. */
const scratch = new Float64Array(MAX_BATCH_FRAMES)

/**
 * An array of int or long: a Float64Array when read, any list of numbers when written. What is read lies in memory of the
 * type's own, and is good until the next value is read: whoever keeps it copies it.
 */
class NumberColumnType extends avro.types.ArrayType {
  #values = new Float64Array(0)

  _read(tap: Tap): Float64Array {
    let values = this.#values
    let at = 0
    for (let count = readBlockCount(tap); count !== 0; count = readBlockCount(tap)) {
      checkColumnLength(at + count)
      values = grown(values, at + count)
      const { buf } = tap
      let { pos } = tap
      // Most numbers take one to three bytes; longer ones go through avsc's reader, which knows all lengths.
      for (const end = at + count; at < end; at++) {
        const first = buf[pos]!
        if (first < 0x80) {
          values[at] = (first >>> 1) ^ -(first & 1)
          pos += 1
          continue
        }
        const second = buf[pos + 1]!
        if (second < 0x80) {
          const zigzag = (first & 0x7f) | (second << 7)
          values[at] = (zigzag >>> 1) ^ -(zigzag & 1)
          pos += 2
          continue
        }
        const third = buf[pos + 2]!
        if (third < 0x80) {
          const zigzag = (first & 0x7f) | ((second & 0x7f) << 7) | (third << 14)
          values[at] = (zigzag >>> 1) ^ -(zigzag & 1)
          pos += 3
          continue
        }
        tap.pos = pos
        values[at] = tap.readLong()
        pos = tap.pos
      }
      tap.pos = pos
    }
    this.#values = values
    return values.subarray(0, at)
  }

  _write(tap: Tap, values: ArrayLike<number>): void {
    const { length } = values
    if (length === 0) {
      tap.pos = writeVarint(tap.buf, tap.pos, 0)
      return
    }
    const numbers = length <= scratch.length ? scratch : new Float64Array(length)
    numbers.set(values)
    const end = writeVarints(tap.buf, tap.pos + BLOCK_HEAD_BYTES, numbers, length)
    tap.pos = closeBlock(tap.buf, tap.pos, length, end)
  }

  _skip(tap: Tap): number {
    return skipArray(tap, () => tap.skipLong())
  }

  _update(resolver: ColumnResolver, writer: avro.Type): void {
    if (!isArray(writer)) return
    this.itemsType.createResolver(writer.itemsType)
    resolver._read = (tap) => this._read(tap)
  }
}

/** An array of bytes, each 4 or 16 of them: an AddressColumn when read and written; likewise good until the next one. */
class AddressColumnType extends avro.types.ArrayType {
  #versions = new Uint8Array(0)
  #words = new Uint32Array(0)

  _read(tap: Tap): AddressColumn {
    let versions = this.#versions
    let words = this.#words
    let at = 0
    for (let count = readBlockCount(tap); count !== 0; count = readBlockCount(tap)) {
      checkColumnLength(at + count)
      versions = grown(versions, at + count)
      words = grown(words, (at + count) * 4)
      const { buf } = tap
      let { pos } = tap
      for (const end = at + count; at < end; at++) {
        // The length in bytes, zigzag: 8 is 4 bytes, 32 is 16.
        const prefix = buf[pos++]
        if (prefix !== 8 && prefix !== 32) throw new DamagedValueError('an address of neither 4 nor 16 bytes')
        versions[at] = prefix === 8 ? 4 : 6
        const first = at * 4
        const last = first + prefix / 8
        for (let word = first; word < last; word++, pos += 4) {
          words[word] = (buf[pos]! << 24) | (buf[pos + 1]! << 16) | (buf[pos + 2]! << 8) | buf[pos + 3]!
        }
        for (let word = last; word < first + 4; word++) words[word] = 0
      }
      tap.pos = pos
    }
    this.#versions = versions
    this.#words = words
    return { length: at, versions: versions.subarray(0, at), words: words.subarray(0, at * 4) }
  }

  _write(tap: Tap, column: Partial<AddressColumn>): void {
    const { buf } = tap
    const { length = 0, versions, words } = column
    if (length > 0 && versions !== undefined && words !== undefined) {
      let pos = tap.pos + BLOCK_HEAD_BYTES
      for (let i = 0; i < length; i++) {
        const count = versions[i] === 4 ? 1 : 4
        buf[pos++] = count * 8
        for (let word = i * 4; word < i * 4 + count; word++, pos += 4) {
          const value = words[word]!
          buf[pos] = value >>> 24
          buf[pos + 1] = value >>> 16
          buf[pos + 2] = value >>> 8
          buf[pos + 3] = value
        }
      }
      tap.pos = closeBlock(buf, tap.pos, length, pos)
      return
    }
    tap.pos = writeVarint(buf, tap.pos, 0)
  }

  _skip(tap: Tap): number {
    return skipArray(tap, () => {
      tap.pos += 1 + (tap.buf[tap.pos] ?? 0) / 2
    })
  }

  _update(resolver: ColumnResolver, writer: avro.Type): void {
    if (!isArray(writer)) return
    this.itemsType.createResolver(writer.itemsType)
    resolver._read = (tap) => this._read(tap)
  }
}

/** A column that was passed over: only how many elements it said that it has. */
export class UnreadColumn {
  readonly length: number

  constructor(length: number) {
    this.length = length
  }
}

/** A column that the reader does not want: it is passed over, and read as an UnreadColumn. */
class UnreadColumnType extends avro.types.ArrayType {
  readonly #column: NumberColumnType | AddressColumnType

  constructor(column: NumberColumnType | AddressColumnType, schema: ArraySchema, options: ForSchemaOptions) {
    super(schema, options)
    this.#column = column
  }

  _read(tap: Tap): UnreadColumn {
    return new UnreadColumn(this.#column._skip(tap))
  }

  _skip(tap: Tap): void {
    this.#column._skip(tap)
  }

  _update(resolver: ColumnResolver, writer: avro.Type): void {
    if (!isArray(writer)) return
    this.itemsType.createResolver(writer.itemsType)
    resolver._read = (tap) => this._read(tap)
  }
}

/** Bytes, read as a view into the value: the capture of a batch is most of it. */
class BytesViewType extends avro.types.BytesType {
  _read(tap: Tap): Uint8Array | undefined {
    const lengthBytes = tap.readLong()
    if (!(lengthBytes >= 0 && lengthBytes <= tap.buf.length - tap.pos))
      throw new DamagedValueError('bytes end early')
    tap.pos += lengthBytes
    return tap.buf.subarray(tap.pos - lengthBytes, tap.pos)
  }
}

/** Any other array: a JavaScript array, whose count is held against the bytes that are left. */
class ListType extends avro.types.ArrayType {
  _read(tap: Tap): unknown[] {
    return readList(tap, this.itemsType as unknown as ColumnResolver)
  }

  _skip(tap: Tap): void {
    this._read(tap)
  }

  _update(resolver: ColumnResolver, writer: avro.Type): void {
    if (!isArray(writer)) return
    const items = this.itemsType.createResolver(writer.itemsType) as unknown as ColumnResolver
    resolver._read = (tap) => readList(tap, items)
  }
}

function readList(tap: Tap, items: ColumnResolver): unknown[] {
  const values: unknown[] = []
  for (let count = readBlockCount(tap); count !== 0; count = readBlockCount(tap)) {
    if (values.length + count > MAX_LIST_ELEMENTS) throw new OverBoundsError('a list without end')
    for (let i = 0; i < count; i++) values.push(items._read(tap))
  }
  return values
}

/** The array, or a longer one of the same kind that begins with the same elements. */
function grown<A extends Float64Array | Uint32Array | Uint8Array>(values: A, length: number): A {
  if (length <= values.length) return values
  const longer = new (values.constructor as new (length: number) => A)(length)
  longer.set(values)
  return longer
}

function isArray(type: avro.Type): type is avro.types.ArrayType {
  return type.typeName === 'array'
}

/** Answers avsc's question which type an array schema becomes; everything else is avsc's own. */
function columnTypeOf(part: unknown, options: ForSchemaOptions): avro.Type | undefined {
  if (part === 'bytes') return new BytesViewType()
  const isArraySchema =
    typeof part === 'object' && part !== null && 'type' in part && part.type === 'array' && 'items' in part
  if (!isArraySchema) return undefined
  const arraySchema = part as ArraySchema
  const column = columnOf(part.items, arraySchema, options)
  if (column === null) return new ListType(arraySchema, options)
  return UNREAD in part ? new UnreadColumnType(column, arraySchema, options) : column
}

function columnOf(
  items: unknown,
  schema: ArraySchema,
  options: ForSchemaOptions
): NumberColumnType | AddressColumnType | null {
  if (items === 'int' || items === 'long') return new NumberColumnType(schema, options)
  return items === 'bytes' ? new AddressColumnType(schema, options) : null
}

/** Marks the array of a column that is passed over. */
const UNREAD = 'unread'

/** A record schema whose readers pass over these columns. */
export function withoutColumns(schema: RecordSchema, fields: readonly string[]): RecordSchema {
  return {
    ...schema,
    fields: schema.fields.map((field) =>
      fields.includes(field.name) ? { ...field, type: { ...(field.type as object), [UNREAD]: true } } : field
    ) as RecordSchema['fields']
  }
}

/** The avsc type of a schema, with columns for its arrays. Throws where the schema is none. */
export function columnarType(schema: object): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, {
    typeHook: columnTypeOf,
    wrapUnions: 'never',
    omitRecordMethods: true
  })
}
