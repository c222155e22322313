// Unique sources of one series in one window: exact while few, an estimate with a known error when many.
import { AddressSet } from './address-set.ts'
import { HyperLogLog } from './hyperloglog.ts'
import { type Hash64, hash4, hash16 } from './murmur64a.ts'

/** Up to this many sources the count is exact. Beyond it the set would be larger than the sketch's 16 KiB. */
export const EXACT_SOURCES = 16_384

const hash: Hash64 = { high: 0, low: 0 }

/** No address yet; no IPv4 address is this number. */
const NONE = -1

/**
 * Counts distinct addresses. Exact up to 16,384; beyond that a HyperLogLog of 14 bits, standard error 0.81 %, equal to
 * Redis's PFCOUNT of the same addresses given as 4 or 16 bytes. An IPv4 address never equals an IPv6 address.
 */
export class SourceCounter {
  /** The only address so far: a telescope's long tail has many series of one source, and a set takes 300 bytes. */
  #only = NONE
  #exact: AddressSet | null = null
  #sketch: HyperLogLog | null = null

  get isExact(): boolean {
    return this.#sketch === null
  }

  /** Adds an IPv4 address as one big-endian word. */
  add4(word: number): void {
    if (this.#sketch !== null) {
      hash4(word, hash)
      this.#sketch.add(hash)
    } else if (this.#exact !== null) {
      this.#exact.add4(word)
      if (this.#exact.size > EXACT_SOURCES) this.#turnIntoSketch(this.#exact)
    } else if (this.#only === NONE) {
      this.#only = word >>> 0
    } else if (this.#only !== word >>> 0) {
      this.#startSet().add4(word)
    }
  }

  /** Adds an IPv6 address as four big-endian words. */
  add6(word0: number, word1: number, word2: number, word3: number): void {
    if (this.#sketch !== null) {
      hash16(word0, word1, word2, word3, hash)
      this.#sketch.add(hash)
      return
    }
    const exact = this.#exact ?? this.#startSet()
    exact.add6(word0, word1, word2, word3)
    if (exact.size > EXACT_SOURCES) this.#turnIntoSketch(exact)
  }

  count(): number {
    if (this.#sketch !== null) return this.#sketch.count()
    return this.#exact?.size ?? (this.#only === NONE ? 0 : 1)
  }

  #startSet(): AddressSet {
    const exact = new AddressSet()
    if (this.#only !== NONE) exact.add4(this.#only)
    this.#exact = exact
    return exact
  }

  #turnIntoSketch(members: AddressSet): void {
    this.#sketch = new HyperLogLog()
    this.#exact = null
    members.forEach4((word) => this.add4(word))
    members.forEach6((word0, word1, word2, word3) => this.add6(word0, word1, word2, word3))
  }
}
