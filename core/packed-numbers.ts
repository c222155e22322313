// Numbers as bytes: single bytes, and varints of 7 bits a byte, the lowest first (as in Protocol Buffers and Avro, without
// their zigzag). What the store keeps of counts and sources is written so.

const FIRST_BYTES = 4096
/** The longest varint: 2^53 - 1 takes eight bytes. */
const MAX_VARINT_BYTES = 8

/** What breaks where bytes are not what they should be. */
export class PackedNumbersError extends Error {}

/** Collects bytes until `finish`, and keeps its memory for the next ones. */
export class PackedWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #end = 0

  /** The lowest eight bits. */
  byte(value: number): void {
    if (this.#end === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#end++] = value
  }

  /** 0..2^53 - 1. */
  varint(value: number): void {
    if (this.#end + MAX_VARINT_BYTES > this.#bytes.length) this.#reserve(MAX_VARINT_BYTES)
    const bytes = this.#bytes
    let rest = value
    while (rest > 0x7fffffff) {
      bytes[this.#end++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest > 0x7f) {
      bytes[this.#end++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[this.#end++] = rest
  }

  /** What was written since the last call, in memory of its own. */
  finish(): Uint8Array {
    const written = this.#bytes.slice(0, this.#end)
    this.#end = 0
    return written
  }

  #reserve(more: number): void {
    const longer = new Uint8Array(Math.max(this.#bytes.length * 2, this.#end + more))
    longer.set(this.#bytes)
    this.#bytes = longer
  }
}

/** Reads what a PackedWriter wrote. Every method throws PackedNumbersError where the bytes end too early. */
export class PackedReader {
  readonly #bytes: Uint8Array
  /** The next byte. */
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return Math.max(0, this.#bytes.length - this.at)
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new PackedNumbersError(`the bytes end at ${this.#bytes.length}`)
    return byte
  }

  varint(): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw new PackedNumbersError(`a number without end before byte ${this.at}`)
  }

  /** Passes over bytes that someone else reads; answers where they begin. */
  skip(bytes: number): number {
    const start = this.at
    if (bytes > this.#bytes.length - start) {
      throw new PackedNumbersError(`${bytes} bytes are wanted at ${start} of ${this.#bytes.length}`)
    }
    this.at += bytes
    return start
  }
}

let scratch = new Uint32Array(1024)

/**
 * So many values, 0..2^32-1, each written as its distance from the one before. Good until the next call. Throws
 * PackedNumbersError where the bytes end too early.
 */
export function readValues(reader: PackedReader, count: number): Uint32Array {
  // Each takes a byte at least: a count that says more is damage, and gets no memory.
  if (count > reader.left) throw new PackedNumbersError(`${count} numbers in ${reader.left} bytes`)
  if (count > scratch.length) scratch = new Uint32Array(2 * count)
  let value = 0
  for (let i = 0; i < count; i++) {
    value += reader.varint()
    scratch[i] = value
  }
  return scratch.subarray(0, count)
}
