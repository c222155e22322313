// Which sources were sent to the store already, so that a source costs one register a cell and not one a packet.
import { hash3 } from './cell-table.ts'

/** Three words of key and one of source: four places in a cache line of 64 bytes. */
const WORDS_4 = 4
/** Three words of key and four of source; one is left over. */
const WORDS_6 = 8
const TAGS_AT = 2

/**
 * A bounded set of (a, b, tags, source). It grows as it is used, and when it can grow no more it forgets everything, which
 * is safe: a source that is sent twice changes nothing. Call `clear` whenever an acknowledgement is in doubt.
 */
export class SentSources {
  readonly #of4: Places
  readonly #of6: Places

  /** At most so many IPv4 sources, of 16 bytes each, and a quarter as many of IPv6, of 32; a power of two. */
  constructor(mostPlaces: number) {
    this.#of4 = new Places(WORDS_4, mostPlaces)
    this.#of6 = new Places(WORDS_6, mostPlaces / 4)
  }

  /** True where it was not there. `tags` is not 0; the source is the four words at src[at], of IPv4 the first. */
  add(a: number, b: number, tags: number, src: Uint32Array, at: number, ipVersion: number): boolean {
    return ipVersion === 4 ? this.#of4.add4(a, b, tags, src[at]!) : this.#of6.add6(a, b, tags, src, at)
  }

  clear(): void {
    this.#of4.clear()
    this.#of6.clear()
  }
}

const FIRST_PLACES = 1 << 10

/** An open-addressing set; a place without tags is free. */
class Places {
  readonly #words: number
  readonly #mostPlaces: number
  #places: Uint32Array
  #size = 0

  constructor(words: number, mostPlaces: number) {
    this.#words = words
    this.#mostPlaces = Math.max(mostPlaces, 16)
    this.#places = new Uint32Array(Math.min(FIRST_PLACES, this.#mostPlaces) * words)
  }

  add4(a: number, b: number, tags: number, source: number): boolean {
    const places = this.#places
    const last = places.length - WORDS_4
    let place = (hash4Words(a, b, tags, source) * WORDS_4) & last
    while (places[place + TAGS_AT] !== 0) {
      if (
        places[place + 3] === source &&
        places[place + 1] === b &&
        places[place] === a &&
        places[place + TAGS_AT] === tags
      ) {
        return false
      }
      place = (place + WORDS_4) & last
    }
    if (this.#isFull()) return this.#grown().add4(a, b, tags, source)
    places[place] = a
    places[place + 1] = b
    places[place + TAGS_AT] = tags
    places[place + 3] = source
    this.#size += 1
    return true
  }

  add6(a: number, b: number, tags: number, src: Uint32Array, at: number): boolean {
    const places = this.#places
    const last = places.length - WORDS_6
    const hash = hash4Words(
      a ^ src[at + 1]!,
      b ^ Math.imul(src[at + 3]!, 0x9e3779b1),
      tags ^ src[at + 2]!,
      src[at]!
    )
    let place = (hash * WORDS_6) & last
    while (places[place + TAGS_AT] !== 0) {
      if (
        places[place] === a &&
        places[place + 1] === b &&
        places[place + TAGS_AT] === tags &&
        places[place + 3] === src[at] &&
        places[place + 4] === src[at + 1] &&
        places[place + 5] === src[at + 2] &&
        places[place + 6] === src[at + 3]
      ) {
        return false
      }
      place = (place + WORDS_6) & last
    }
    if (this.#isFull()) return this.#grown().add6(a, b, tags, src, at)
    places[place] = a
    places[place + 1] = b
    places[place + TAGS_AT] = tags
    for (let word = 0; word < 4; word++) places[place + 3 + word] = src[at + word]!
    this.#size += 1
    return true
  }

  clear(): void {
    if (this.#size === 0) return
    this.#places.fill(0)
    this.#size = 0
  }

  /** Two thirds: a search then looks at three places. */
  #isFull(): boolean {
    return (this.#size + 1) * 3 * this.#words > this.#places.length * 2
  }

  /** Itself, with room: twice as large, or emptied. */
  #grown(): this {
    const before = this.#places
    const isLargest = before.length / this.#words >= this.#mostPlaces
    this.#size = 0
    if (isLargest) before.fill(0)
    else this.#places = new Uint32Array(2 * before.length)
    if (!isLargest) this.#addAll(before)
    return this
  }

  #addAll(places: Uint32Array): void {
    for (let at = 0; at < places.length; at += this.#words) {
      const tags = places[at + TAGS_AT]!
      if (tags === 0) continue
      if (this.#words === WORDS_4) this.add4(places[at]!, places[at + 1]!, tags, places[at + 3]!)
      else this.add6(places[at]!, places[at + 1]!, tags, places, at + 3)
    }
  }
}

/** Signed, so that its product with a few words is the right one in its 32 low bits. */
function hash4Words(a: number, b: number, tags: number, source: number): number {
  return hash3(a ^ Math.imul(tags, 0x9e3779b1), b, source) & 0x0fffffff
}
