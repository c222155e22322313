// What the hot path looks addresses up in: sorted range starts in typed arrays, found by an index on the first
// 16 bits and a binary search. Ranges leave no gaps (unknown is a value too), so no range ends are kept.

/** Entries of an index: one for each value of the first 16 bits, and one more as the last upper bound. */
export const INDEX_ENTRIES = 65_537

/** Words of one alias: the first address (four words) and the prefix length. */
export const ALIAS_WORDS = 5

/** The arrays of a table. Build them with FlatTableBuilder, or view them in bytes with parseFlatTable. */
export interface FlatTableArrays {
  /** The value of an address that no database knows. */
  readonly unknown: number
  /** Ascending starts of IPv4 ranges; the first is 0. */
  readonly starts4: Uint32Array
  readonly values4: Uint32Array
  /** index4[h]: the range that holds address h << 16. */
  readonly index4: Uint32Array
  /** Ascending starts of IPv6 ranges, four words each; the first is ::. */
  readonly starts6: Uint32Array
  readonly values6: Uint32Array
  /** index6[h]: the range that holds the address that begins with the 16 bits h, all others 0. */
  readonly index6: Uint32Array
  /** IPv6 networks that hold an IPv4 address after their prefix; see NetworkVisitor.alias6. */
  readonly aliases6: Uint32Array
}

/** A number (packed region, or AS number) for every address. */
export class FlatTable {
  readonly arrays: FlatTableArrays
  readonly #starts4: Uint32Array
  readonly #values4: Uint32Array
  readonly #index4: Uint32Array
  readonly #starts6: Uint32Array
  readonly #values6: Uint32Array
  readonly #index6: Uint32Array
  readonly #aliases6: Uint32Array

  constructor(arrays: FlatTableArrays) {
    this.arrays = arrays
    this.#starts4 = arrays.starts4
    this.#values4 = arrays.values4
    this.#index4 = arrays.index4
    this.#starts6 = arrays.starts6
    this.#values6 = arrays.values6
    this.#index6 = arrays.index6
    this.#aliases6 = arrays.aliases6
  }

  /** The value of an IPv4 address, given as an unsigned 32-bit number. */
  lookup4(address: number): number {
    const starts = this.#starts4
    const block = address >>> 16
    let low = this.#index4[block]!
    let high = this.#index4[block + 1]!
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (starts[middle]! <= address) low = middle
      else high = middle - 1
    }
    return this.#values4[low]!
  }

  /**
   * The value of the IPv6 address at words[at] .. words[at + 3] (not four arguments: numbers over 2^31 would be
   * boxed). An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo) is looked up as IPv4 where the database
   * has that alias, as mmdblookup does; else it is an IPv6 address like any other, and mostly unknown.
   */
  lookup6(words: Uint32Array, at: number): number {
    const w0 = words[at]!
    const w1 = words[at + 1]!
    const w2 = words[at + 2]!
    const aliases = this.#aliases6
    for (let alias = 0; alias < aliases.length; alias += ALIAS_WORDS) {
      const bits = aliases[alias + 4]!
      if (((aliases[alias]! ^ w0) & maskOfWord(bits, 0)) !== 0) continue
      if (((aliases[alias + 1]! ^ w1) & maskOfWord(bits, 1)) !== 0) continue
      if (((aliases[alias + 2]! ^ w2) & maskOfWord(bits, 2)) !== 0) continue
      return this.lookup4(wordAfter(bits, words, at))
    }
    const w3 = words[at + 3]!
    const starts = this.#starts6
    const block = w0 >>> 16
    let low = this.#index6[block]!
    let high = this.#index6[block + 1]!
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const start = middle * 4
      let isAtMost = starts[start]! <= w0
      if (starts[start] === w0) {
        isAtMost = starts[start + 1]! <= w1
        if (starts[start + 1] === w1) {
          isAtMost = starts[start + 2]! <= w2
          if (starts[start + 2] === w2) isAtMost = starts[start + 3]! <= w3
        }
      }
      if (isAtMost) low = middle
      else high = middle - 1
    }
    return this.#values6[low]!
  }
}

/** The bits of one word that belong to a prefix of that length. */
function maskOfWord(prefixLength: number, word: number): number {
  const bits = prefixLength - word * 32
  if (bits >= 32) return -1
  return bits <= 0 ? 0 : -1 << (32 - bits)
}

/** The 32 bits that follow the first `bits` (at most 96) of the address at words[at]. */
function wordAfter(bits: number, words: Uint32Array, at: number): number {
  const shift = bits & 31
  const high = words[at + (bits >>> 5)]!
  if (shift === 0) return high
  return ((high << shift) | (words[at + (bits >>> 5) + 1]! >>> (32 - shift))) >>> 0
}
