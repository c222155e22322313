// An open-addressing table of counters with three 32-bit keys: a packet costs a hash and no allocation.

const FIRST_CELLS = 500
const MIN_CAPACITY = 16

/** Counts by (a, b, c), each 0..2^32-1. Grows as needed; `clear` keeps the memory. */
export class CellTable {
  #capacity: number
  #keys: Uint32Array
  /** 0 marks a free place: a cell is only made to be counted. */
  #counts: Float64Array
  #size = 0

  /** It grows beyond `cells`, at some cost; 40 bytes a cell. */
  constructor(cells = FIRST_CELLS) {
    this.#capacity = Math.max(MIN_CAPACITY, 2 ** Math.ceil(Math.log2(2 * cells + 1)))
    this.#keys = new Uint32Array(this.#capacity * 3)
    this.#counts = new Float64Array(this.#capacity)
  }

  get size(): number {
    return this.#size
  }

  /** Adds `weight` (> 0) to a cell. */
  add(a: number, b: number, c: number, weight: number): void {
    const keys = this.#keys
    const counts = this.#counts
    const mask = this.#capacity - 1
    let place = hash3(a, b, c) & mask
    for (;;) {
      const key = place * 3
      if (counts[place] === 0) {
        keys[key] = a
        keys[key + 1] = b
        keys[key + 2] = c
        counts[place] = weight
        this.#size += 1
        if (this.#size * 2 > this.#capacity) this.#grow()
        return
      }
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c) {
        counts[place]! += weight
        return
      }
      place = (place + 1) & mask
    }
  }

  /** What a cell has; 0 where there is no such cell. */
  count(a: number, b: number, c: number): number {
    const keys = this.#keys
    const mask = this.#capacity - 1
    for (let place = hash3(a, b, c) & mask; this.#counts[place] !== 0; place = (place + 1) & mask) {
      const key = place * 3
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c) return this.#counts[place]!
    }
    return 0
  }

  /** Visits every cell, in no particular order. */
  forEach(visit: (a: number, b: number, c: number, count: number) => void): void {
    for (let place = 0; place < this.#capacity; place++) {
      const count = this.#counts[place]!
      if (count === 0) continue
      const key = place * 3
      visit(this.#keys[key]!, this.#keys[key + 1]!, this.#keys[key + 2]!, count)
    }
  }

  clear(): void {
    if (this.#size === 0) return
    this.#counts.fill(0)
    this.#size = 0
  }

  #grow(): void {
    const old = { capacity: this.#capacity, keys: this.#keys, counts: this.#counts }
    this.#capacity = old.capacity * 2
    this.#keys = new Uint32Array(this.#capacity * 3)
    this.#counts = new Float64Array(this.#capacity)
    this.#size = 0
    for (let place = 0; place < old.capacity; place++) {
      const count = old.counts[place]!
      if (count !== 0)
        this.add(old.keys[place * 3]!, old.keys[place * 3 + 1]!, old.keys[place * 3 + 2]!, count)
    }
  }
}

/** Mixes three words (multipliers of MurmurHash3's finaliser, public domain, Austin Appleby). */
export function hash3(a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ (a >>> 15), 0x85ebca6b)
  hash = Math.imul(hash ^ b ^ (hash >>> 13), 0xc2b2ae35)
  hash = Math.imul(hash ^ c ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
