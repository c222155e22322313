// What inputs made the code do, as a set of small facts: an input that shows a new one is worth keeping.

const BITS = 22
const MASK = 2 ** BITS - 1

/** A set of features by hash. Two that collide count as one, which costs a kept input and nothing else. */
export class FeatureMap {
  readonly #seen = new Uint8Array(2 ** BITS)
  /** Features seen so far. */
  count = 0

  /** Notes that (kind, a, b, c, d) was seen; whole numbers of 32 bits. */
  add(kind: number, a: number, b = 0, c = 0, d = 0): void {
    let hash = Math.imul(kind ^ 0x9e3779b9, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 15) ^ a, 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 13) ^ b, 0x27d4eb2f)
    hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0x165667b1)
    hash = Math.imul(hash ^ (hash >>> 13) ^ d, 0x9e3779b1)
    const at = (hash ^ (hash >>> 16)) & MASK
    if (this.#seen[at] !== 0) return
    this.#seen[at] = 1
    this.count += 1
  }
}

/** A count as its magnitude: 0, 1, 2, 3, then 4 for 4..7, 5 for 8..15 and so on. */
export function magnitude(count: number): number {
  return count < 4 ? count : 34 - Math.clz32(count) - 1
}
