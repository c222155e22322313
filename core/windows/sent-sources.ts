// Which (hour, series, source) were sent to the sketches already, so that a source costs one PFADD and not one a packet.
import { hash3 } from './cell-table.ts'

const WORDS = 7

/**
 * A bounded set of seven-word keys. When it is three quarters full it forgets everything, which is safe: an add that is
 * sent twice changes nothing. Call `clear` whenever an acknowledgement is in doubt.
 */
export class SentSources {
  readonly #capacity: number
  readonly #keys: Uint32Array
  readonly #used: Uint8Array
  #size = 0

  /** `capacity` is a power of two; 29 bytes a place. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#keys = new Uint32Array(capacity * WORDS)
    this.#used = new Uint8Array(capacity)
  }

  /** True where the key was not in the set; it is now. `src` holds four words at `at`. */
  addIfNew(a: number, b: number, c: number, src: Uint32Array, at: number): boolean {
    const s0 = src[at]!
    const s1 = src[at + 1]!
    const s2 = src[at + 2]!
    const s3 = src[at + 3]!
    const keys = this.#keys
    const mask = this.#capacity - 1
    let place = (hash3(a, b, c) ^ hash3(s0, s1 ^ Math.imul(s2, 31), s3)) & mask
    while (this.#used[place] === 1) {
      const k = place * WORDS
      if (
        keys[k + 3] === s0 &&
        keys[k + 1] === b &&
        keys[k + 2] === c &&
        keys[k] === a &&
        keys[k + 4] === s1 &&
        keys[k + 5] === s2 &&
        keys[k + 6] === s3
      ) {
        return false
      }
      place = (place + 1) & mask
    }
    this.#insert(place, a, b, c, s0, s1, s2, s3)
    return true
  }

  clear(): void {
    if (this.#size === 0) return
    this.#used.fill(0)
    this.#size = 0
  }

  #insert(
    place: number,
    a: number,
    b: number,
    c: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number
  ): void {
    if ((this.#size + 1) * 4 > this.#capacity * 3) {
      this.clear()
      place = (hash3(a, b, c) ^ hash3(s0, s1 ^ Math.imul(s2, 31), s3)) & (this.#capacity - 1)
    }
    const k = place * WORDS
    this.#keys[k] = a
    this.#keys[k + 1] = b
    this.#keys[k + 2] = c
    this.#keys[k + 3] = s0
    this.#keys[k + 4] = s1
    this.#keys[k + 5] = s2
    this.#keys[k + 6] = s3
    this.#used[place] = 1
    this.#size += 1
  }
}
