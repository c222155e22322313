// The CSV of npm package @ip-location-db/asn: `first,last,AS number,organisation` a line, ascending, no header.
// Addresses are dotted IPv4, IPv6 text, or (the -num files) decimal numbers. The organisation may be quoted and
// hold commas, but no line break, and is not read.
import { StormpetrelError } from '../errors.ts'
import type { FlatTableBuilder } from './flat-table-builder.ts'

const COMMA = 0x2c
const NEWLINE = 0x0a
const DOT = 0x2e
const COLON = 0x3a
const ZERO = 0x30

/** A longer line than any file has: the file is no such CSV. */
const MAX_LINE_BYTES = 64 * 1024

type Family = 4 | 6

/** Reads one file, in chunks of any size, into a builder. About 100 ns a line. */
export class AsnCsvReader {
  readonly #builder: FlatTableBuilder
  readonly #file: string
  readonly #first = new Uint32Array(4)
  readonly #last = new Uint32Array(4)
  readonly #groups = new Uint16Array(8)
  /** The beginning of a line whose end is in the next chunk. */
  #carry: Uint8Array = new Uint8Array(0)
  #line = 0
  #bytes: Uint8Array = new Uint8Array(0)
  /** Where the next field begins. */
  #position = 0

  /** `file` is the name for errors. Files for IPv4 and IPv6 may go into one builder. */
  constructor(builder: FlatTableBuilder, file: string) {
    this.#builder = builder
    this.#file = file
  }

  /** Takes the next bytes of the file. Throws SP_GEO_DATABASE, with file and line, where they are no such CSV. */
  push(chunk: Uint8Array): void {
    const bytes = this.#carry.length === 0 ? chunk : joined(this.#carry, chunk)
    const complete = bytes.lastIndexOf(NEWLINE) + 1
    this.#readLines(bytes, complete)
    this.#carry = bytes.slice(complete)
    if (this.#carry.length > MAX_LINE_BYTES) throw this.#refused()
  }

  /** Takes the last line where it has no line break. */
  end(): void {
    if (this.#carry.length > 0) this.push(Uint8Array.of(NEWLINE))
  }

  #readLines(bytes: Uint8Array, end: number): void {
    this.#bytes = bytes
    let start = 0
    while (start < end) {
      this.#line++
      this.#position = start
      const family = this.#address(this.#first)
      const added = this.#address(this.#last) === family && this.#addRange(family)
      if (!added) throw this.#refused()
      start = bytes.indexOf(NEWLINE, this.#position) + 1
    }
  }

  #addRange(family: Family): boolean {
    const asn = this.#asNumber()
    if (family === 6) return this.#builder.add6(this.#first, this.#last, asn)
    return this.#builder.add4(this.#first[3]!, this.#last[3]!, asn)
  }

  /** Reads an address and the comma after it. An IPv4 address is word 3. */
  #address(words: Uint32Array): Family {
    const bytes = this.#bytes
    for (let at = this.#position; ; at++) {
      const byte = bytes[at]!
      if (byte === DOT) return this.#dotted(words)
      if (byte === COLON) return this.#colons(words)
      if (byte === COMMA) return this.#decimal(words)
      if (byte === NEWLINE) throw this.#refused()
    }
  }

  #dotted(words: Uint32Array): Family {
    let address = 0
    let octet = -1
    let octets = 1
    for (let at = this.#position; ; at++) {
      const byte = this.#bytes[at]!
      const digit = byte - ZERO
      if (digit >= 0 && digit <= 9) {
        octet = Math.max(octet, 0) * 10 + digit
        if (octet > 255) throw this.#refused()
        continue
      }
      if (octet < 0) throw this.#refused()
      address = address * 256 + octet
      octet = -1
      if (byte === COMMA && octets === 4) {
        words[3] = address
        this.#position = at + 1
        return 4
      }
      if (byte !== DOT || ++octets > 4) throw this.#refused()
    }
  }

  #colons(words: Uint32Array): Family {
    const groups = this.#groups
    const bytes = this.#bytes
    let count = 0
    /** Groups before '::'. */
    let gap = -1
    let at = this.#position
    if (bytes[at] === COLON && bytes[at + 1] === COLON) {
      gap = 0
      at += 2
    }
    while (bytes[at] !== COMMA) {
      let group = 0
      const start = at
      for (let digit = hexDigit(bytes[at]!); digit >= 0; digit = hexDigit(bytes[++at]!))
        group = group * 16 + digit
      if (at === start || at - start > 4 || count === 8) throw this.#refused()
      groups[count++] = group
      if (bytes[at] === COMMA) break
      if (bytes[at] !== COLON) throw this.#refused()
      at++
      if (bytes[at] === COLON) {
        if (gap >= 0) throw this.#refused()
        gap = count
        at++
      } else if (bytes[at] === COMMA) throw this.#refused()
    }
    if (gap < 0 ? count !== 8 : count === 8) throw this.#refused()
    this.#position = at + 1
    if (gap >= 0) {
      groups.copyWithin(8 - count + gap, gap, count)
      groups.fill(0, gap, 8 - count + gap)
    }
    for (let i = 0; i < 4; i++) words[i] = groups[i * 2]! * 65_536 + groups[i * 2 + 1]!
    return 6
  }

  /** A number over 32 bits is an IPv6 address (none of the files has one below 2^32, which is ::/96). */
  #decimal(words: Uint32Array): Family {
    const bytes = this.#bytes
    let at = this.#position
    if (bytes[at] === COMMA) throw this.#refused()
    words.fill(0)
    while (bytes[at] !== COMMA) {
      let digits = 0
      let factor = 1
      while (factor < 1_000_000 && bytes[at] !== COMMA) {
        const digit = bytes[at++]! - ZERO
        if (digit < 0 || digit > 9) throw this.#refused()
        digits = digits * 10 + digit
        factor *= 10
      }
      if (!multiplyAdd(words, factor, digits)) throw this.#refused()
    }
    this.#position = at + 1
    return words[0] === 0 && words[1] === 0 && words[2] === 0 ? 4 : 6
  }

  /** Reads the AS number; the position stays in its line. */
  #asNumber(): number {
    let asn = 0
    let at = this.#position
    for (; ; at++) {
      const digit = this.#bytes[at]! - ZERO
      if (!(digit >= 0 && digit <= 9)) break
      asn = asn * 10 + digit
    }
    const after = this.#bytes[at]!
    const isEnd = after === COMMA || after === NEWLINE || after === 0x0d
    if (at === this.#position || !isEnd || asn > 0xffff_ffff) throw this.#refused()
    this.#position = at
    return asn
  }

  #refused(): StormpetrelError {
    const message =
      `${this.#file}: line ${this.#line} is not 'first,last,AS number', with a range that begins after the one of the line before; ` +
      'give a file of npm package @ip-location-db/asn, or an MMDB file'
    return new StormpetrelError('SP_GEO_DATABASE', message)
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** words = words * factor + addend; false where that is over 128 bits. */
function multiplyAdd(words: Uint32Array, factor: number, addend: number): boolean {
  let carry = addend
  for (let i = 3; i >= 0; i--) {
    const product = words[i]! * factor + carry
    words[i] = product
    carry = Math.floor(product / 2 ** 32)
  }
  return carry === 0
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}
