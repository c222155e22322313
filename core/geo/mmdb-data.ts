// The data section of an MMDB file: self-describing values. Grammar of one value:
//   control byte: type (3 bits) and size (5 bits); type 0 means that the type is 7 + the next byte;
//   size 29, 30, 31 mean 29 + 1 byte, 285 + 2 bytes, 65,821 + 3 bytes; then `size` bytes or entries.
// Source: MaxMind DB File Format Specification 2.0, "Data Section".
import { StormpetrelError } from '../errors.ts'

/** One decoded value; integers over 2^53 (nothing that is read here has them) lose their last digits. */
export type MmdbValue =
  | string
  | number
  | boolean
  | Uint8Array
  | readonly MmdbValue[]
  | ReadonlyMap<string, MmdbValue>

const POINTER = 1
const UTF8 = 2
const DOUBLE = 3
const BYTES = 4
const UINT16 = 5
const UINT32 = 6
const MAP = 7
const INT32 = 8
const UINT64 = 9
const UINT128 = 10
const ARRAY = 11
const BOOLEAN = 14
const FLOAT = 15

/** What a pointer adds to its 11, 19, 27 or 32 bits, by its size bits. */
const POINTER_BASE = [0, 2048, 526_336, 0] as const

/** Deeper nesting than any layout has: only a damaged file, whose pointers form a loop, gets here. */
const MAX_DEPTH = 32

/** Decodes values of one section; pointers in it count from the section's start. */
export class MmdbData {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #start: number
  readonly #file: string
  readonly #text = new TextDecoder()
  #position = 0

  /** `start` is the section's offset in `bytes`; `file` is the name for errors. */
  constructor(bytes: Uint8Array, start: number, file: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#start = start
    this.#file = file
  }

  /** The value at `offset` bytes from the section's start. Throws SP_GEO_DATABASE where the bytes make no sense. */
  valueAt(offset: number): MmdbValue {
    this.#position = this.#start + offset
    return this.#value(0)
  }

  #value(depth: number): MmdbValue {
    if (depth > MAX_DEPTH) throw this.#damaged('nests too deep')
    const control = this.#unsigned(1)
    let type = control >>> 5
    if (type === POINTER) return this.#pointed(control, depth)
    if (type === 0) type = 7 + this.#unsigned(1)
    const size = this.#size(control & 0x1f)
    switch (type) {
      case UTF8: {
        const start = this.#skip(size)
        return this.#text.decode(this.#bytes.subarray(start, start + size))
      }
      case BYTES: {
        const start = this.#skip(size)
        return this.#bytes.slice(start, start + size)
      }
      case UINT16:
      case UINT32:
      case UINT64:
      case UINT128:
        return this.#unsigned(size)
      case INT32:
        return this.#unsigned(size) | 0
      case DOUBLE:
        return this.#view.getFloat64(this.#skip(8))
      case FLOAT:
        return this.#view.getFloat32(this.#skip(4))
      case BOOLEAN:
        return size !== 0
      case ARRAY:
        return this.#array(size, depth)
      case MAP:
        return this.#map(size, depth)
      default:
        throw this.#damaged(`has a value of unknown type ${type}`)
    }
  }

  #pointed(control: number, depth: number): MmdbValue {
    const sizeBits = (control >>> 3) & 3
    const high = sizeBits === 3 ? 0 : (control & 7) * 256 ** (sizeBits + 1)
    const target = high + this.#unsigned(sizeBits + 1) + POINTER_BASE[sizeBits as 0 | 1 | 2 | 3]
    const after = this.#position
    this.#position = this.#start + target
    const value = this.#value(depth + 1)
    this.#position = after
    return value
  }

  #array(size: number, depth: number): MmdbValue[] {
    const values: MmdbValue[] = []
    for (let i = 0; i < size; i++) values.push(this.#value(depth + 1))
    return values
  }

  #map(size: number, depth: number): Map<string, MmdbValue> {
    const map = new Map<string, MmdbValue>()
    for (let i = 0; i < size; i++) {
      const key = this.#value(depth + 1)
      if (typeof key !== 'string') throw this.#damaged('has a map key that is no text')
      map.set(key, this.#value(depth + 1))
    }
    return map
  }

  #size(fiveBits: number): number {
    if (fiveBits < 29) return fiveBits
    if (fiveBits === 29) return 29 + this.#unsigned(1)
    if (fiveBits === 30) return 285 + this.#unsigned(2)
    return 65_821 + this.#unsigned(3)
  }

  #unsigned(sizeBytes: number): number {
    const start = this.#skip(sizeBytes)
    let value = 0
    for (let i = start; i < start + sizeBytes; i++) value = value * 256 + this.#bytes[i]!
    return value
  }

  /** Moves over bytes and gives the offset of the first of them. */
  #skip(sizeBytes: number): number {
    const start = this.#position
    if (start + sizeBytes > this.#bytes.length) throw this.#damaged('ends inside a value')
    this.#position = start + sizeBytes
    return start
  }

  #damaged(what: string): StormpetrelError {
    const message = `${this.#file}: ${what} at byte ${this.#position}: the database is damaged, download it again`
    return new StormpetrelError('SP_GEO_DATABASE', message)
  }
}
