// Which sources were sent to the store already, so that a source costs one register a series and not one a packet.
import { hash3 } from './cell-table.ts'

/** Two words of key, four of source, the tags, and one to make a place half a cache line of 64 bytes. */
const WORDS = 8
const TAGS_AT = 6

/**
 * A bounded table of the tags that were sent for each (a, b, source). When it is three quarters full it forgets
 * everything, which is safe: a source that is sent twice changes nothing. Call `clear` whenever an acknowledgement is
 * in doubt.
 */
export class SentSources {
  readonly #capacity: number
  /** A place without tags is free. */
  readonly #places: Uint32Array
  #size = 0

  /** `capacity` is a power of two; 32 bytes a place. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#places = new Uint32Array(capacity * WORDS)
  }

  /**
   * Adds tag bits, at least one, to a key, and answers those that it had before: 0 where the key is new. The source is
   * the four words at src[at].
   */
  addTags(a: number, b: number, src: Uint32Array, at: number, tags: number): number {
    const places = this.#places
    const s0 = src[at]!
    const s1 = src[at + 1]!
    const s2 = src[at + 2]!
    const s3 = src[at + 3]!
    const last = (this.#capacity - 1) * WORDS
    let place = (hashOf(a, b, s0, s1, s2, s3) * WORDS) & last
    for (;;) {
      const before = places[place + TAGS_AT]!
      if (before === 0) break
      if (
        places[place + 2] === s0 &&
        places[place + 1] === b &&
        places[place] === a &&
        places[place + 3] === s1 &&
        places[place + 4] === s2 &&
        places[place + 5] === s3
      ) {
        places[place + TAGS_AT] = before | tags
        return before
      }
      place = (place + WORDS) & last
    }
    if ((this.#size + 1) * 4 > this.#capacity * 3) {
      this.clear()
      place = (hashOf(a, b, s0, s1, s2, s3) * WORDS) & last
    }
    places[place] = a
    places[place + 1] = b
    places[place + 2] = s0
    places[place + 3] = s1
    places[place + 4] = s2
    places[place + 5] = s3
    places[place + TAGS_AT] = tags
    this.#size += 1
    return 0
  }

  clear(): void {
    if (this.#size === 0) return
    this.#places.fill(0)
    this.#size = 0
  }
}

/** Signed, so that its product with WORDS is the right one in its 32 low bits. */
function hashOf(a: number, b: number, s0: number, s1: number, s2: number, s3: number): number {
  return hash3(a ^ s1, b ^ Math.imul(s3 ^ Math.imul(s2, 31), 0x9e3779b1), s0) & 0x0fffffff
}
