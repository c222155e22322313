// Makes a FlatTable from networks or ranges that come in ascending order, which MMDB trees and sorted CSVs do.
import { FlatTable, INDEX_ENTRIES } from './flat-table.ts'

/** An array of 32-bit words that grows. */
class Words {
  #words = new Uint32Array(4096)
  length = 0

  push(word: number): void {
    if (this.length === this.#words.length) {
      const larger = new Uint32Array(this.length * 2)
      larger.set(this.#words)
      this.#words = larger
    }
    this.#words[this.length++] = word
  }

  last(): number {
    return this.#words[this.length - 1]!
  }

  toArray(): Uint32Array {
    return this.#words.slice(0, this.length)
  }
}

/**
 * Collects ranges; equal neighbours become one, and gaps become ranges of `unknown`. Where ranges overlap (the
 * ASN CSV of 2026-06 has one such pair) the one that begins later holds from its beginning to its end.
 */
export class FlatTableBuilder {
  readonly #unknown: number
  readonly #starts4 = new Words()
  readonly #values4 = new Words()
  readonly #starts6 = new Words()
  readonly #values6 = new Words()
  readonly #aliases6 = new Words()
  /** Ranges added whose value is not `unknown`. */
  known = 0
  #first4 = -1
  /** First address after the newest range. */
  #next4 = 0
  readonly #first6 = new Uint32Array(4)
  #isEmpty6 = true
  readonly #next6 = new Uint32Array(4)
  /** The newest range ends with the very last address, and #next6 has wrapped to ::. */
  #isFull6 = false

  constructor(unknown: number) {
    this.#unknown = unknown
  }

  /** Adds the IPv4 range first..last. False, and nothing added, where it does not begin after the one before. */
  add4(first: number, last: number, value: number): boolean {
    if (first <= this.#first4 || last < first) return false
    if (first > this.#next4) this.#push4(this.#next4, this.#unknown)
    this.#push4(first, value)
    this.#first4 = first
    this.#next4 = last + 1
    if (value !== this.#unknown) this.known++
    return true
  }

  /** Adds the IPv6 range first..last, four words each; false likewise. */
  add6(first: Uint32Array, last: Uint32Array, value: number): boolean {
    const isAfter = this.#isEmpty6 || compareAddresses(first, this.#first6) > 0
    if (!isAfter || compareAddresses(last, first) < 0) return false
    const next = this.#next6
    if (!this.#isFull6 && compareAddresses(first, next) > 0) this.#push6(next, this.#unknown)
    this.#push6(first, value)
    this.#first6.set(first)
    this.#isEmpty6 = false
    next.set(last)
    this.#isFull6 = increment(next)
    if (value !== this.#unknown) this.known++
    return true
  }

  /** Adds an IPv6 network that holds IPv4 addresses; see NetworkVisitor.alias6. */
  addAlias6(w0: number, w1: number, w2: number, w3: number, prefixLength: number): void {
    for (const word of [w0, w1, w2, w3, prefixLength]) this.#aliases6.push(word)
  }

  /** The table of everything added. The builder is not used afterwards. */
  build(): FlatTable {
    if (this.#next4 <= 0xffff_ffff) this.#push4(this.#next4, this.#unknown)
    if (!this.#isFull6) this.#push6(this.#next6, this.#unknown)
    const starts4 = this.#starts4.toArray()
    const starts6 = this.#starts6.toArray()
    return new FlatTable({
      unknown: this.#unknown,
      starts4,
      values4: this.#values4.toArray(),
      index4: indexOf(starts4, 1),
      starts6,
      values6: this.#values6.toArray(),
      index6: indexOf(starts6, 4),
      aliases6: this.#aliases6.toArray()
    })
  }

  #push4(start: number, value: number): void {
    if (this.#values4.length > 0 && value === this.#values4.last()) return
    this.#starts4.push(start)
    this.#values4.push(value)
  }

  #push6(start: Uint32Array, value: number): void {
    if (this.#values6.length > 0 && value === this.#values6.last()) return
    for (let i = 0; i < 4; i++) this.#starts6.push(start[i]!)
    this.#values6.push(value)
  }
}

/** Negative, zero or positive as a sorts before, with or after b (four words each). */
function compareAddresses(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < 4; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Adds 1; true where that wrapped around to ::. */
function increment(address: Uint32Array): boolean {
  for (let i = 3; i >= 0; i--) {
    address[i] = address[i]! + 1
    if (address[i] !== 0) return false
  }
  return true
}

/** For each value h of the first 16 bits, the range that holds h followed by zeros. `stride` is words a start. */
function indexOf(starts: Uint32Array, stride: number): Uint32Array {
  const index = new Uint32Array(INDEX_ENTRIES)
  const ranges = starts.length / stride
  let range = 0
  for (let block = 0; block < INDEX_ENTRIES - 1; block++) {
    while (range + 1 < ranges && isAtMost(starts, (range + 1) * stride, stride, block * 65_536)) range++
    index[block] = range
  }
  index[INDEX_ENTRIES - 1] = ranges - 1
  return index
}

/** Whether the start at `at` is at most the address that begins with `firstWord` and goes on with zeros. */
function isAtMost(starts: Uint32Array, at: number, stride: number, firstWord: number): boolean {
  if (starts[at] !== firstWord) return starts[at]! < firstWord
  for (let i = 1; i < stride; i++) if (starts[at + i] !== 0) return false
  return true
}
