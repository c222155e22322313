// An exact set of addresses by open addressing: 4 bytes an IPv4 address and 16 an IPv6 address at up to 3/4 full.

const FIRST_CAPACITY = 4

/** IPv4 and IPv6 addresses, as big-endian words. An all-zero address marks an empty cell, so it is held apart. */
export class AddressSet {
  #words4 = new Uint32Array(FIRST_CAPACITY)
  #words6: Uint32Array | null = null
  #size4 = 0
  #size6 = 0
  #hasZero4 = false
  #hasZero6 = false

  get size(): number {
    return this.#size4 + this.#size6 + Number(this.#hasZero4) + Number(this.#hasZero6)
  }

  add4(word: number): void {
    word >>>= 0
    if (word === 0) {
      this.#hasZero4 = true
      return
    }
    if (!put4(this.#words4, word)) return
    this.#size4++
    if (this.#size4 * 4 > this.#words4.length * 3) {
      const words = this.#words4
      const grown = new Uint32Array(words.length * 2)
      for (let at = 0; at < words.length; at++) if (words[at] !== 0) put4(grown, words[at]!)
      this.#words4 = grown
    }
  }

  add6(word0: number, word1: number, word2: number, word3: number): void {
    if ((word0 | word1 | word2 | word3) === 0) {
      this.#hasZero6 = true
      return
    }
    this.#words6 ??= new Uint32Array(4 * FIRST_CAPACITY)
    if (!put6(this.#words6, word0 >>> 0, word1 >>> 0, word2 >>> 0, word3 >>> 0)) return
    this.#size6++
    if (this.#size6 * 16 > this.#words6.length * 3) {
      const grown = new Uint32Array(this.#words6.length * 2)
      this.forEach6((a, b, c, d) => put6(grown, a, b, c, d))
      this.#words6 = grown
    }
  }

  /** Every IPv4 address once, in no order. */
  forEach4(visit: (word: number) => void): void {
    if (this.#hasZero4) visit(0)
    const words = this.#words4
    for (let at = 0; at < words.length; at++) if (words[at] !== 0) visit(words[at]!)
  }

  /** Every IPv6 address once, in no order. */
  forEach6(visit: (word0: number, word1: number, word2: number, word3: number) => void): void {
    if (this.#hasZero6) visit(0, 0, 0, 0)
    const words = this.#words6 ?? new Uint32Array(0)
    for (let at = 0; at < words.length; at += 4) {
      const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]
      if ((a | b | c | d) !== 0) visit(a, b, c, d)
    }
  }
}

/** True where the word was not there. */
function put4(words: Uint32Array, word: number): boolean {
  const mask = words.length - 1
  let at = scatter(word) & mask
  while (words[at] !== 0) {
    if (words[at] === word) return false
    at = (at + 1) & mask
  }
  words[at] = word
  return true
}

/** True where the address was not there. */
function put6(words: Uint32Array, word0: number, word1: number, word2: number, word3: number): boolean {
  const mask = words.length / 4 - 1
  let at = scatter(word3 ^ scatter(word2 ^ scatter(word1 ^ scatter(word0)))) & mask
  while ((words[4 * at]! | words[4 * at + 1]! | words[4 * at + 2]! | words[4 * at + 3]!) !== 0) {
    const isSame =
      words[4 * at] === word0 &&
      words[4 * at + 1] === word1 &&
      words[4 * at + 2] === word2 &&
      words[4 * at + 3] === word3
    if (isSame) return false
    at = (at + 1) & mask
  }
  words.set([word0, word1, word2, word3], 4 * at)
  return true
}

/** Spreads a word over all its bits (the finalizer of MurmurHash3), so that neighbouring addresses do not cluster. */
function scatter(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
