// Seeded draws: the same seed gives the same packets on every machine, whatever days were made before.

/** Draws from one stream (sfc32, of PractRand). */
export class Draws {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** Streams of one seed differ by their name. */
  constructor(seed: number, ...name: readonly (string | number)[]) {
    this.#a = seed >>> 0
    this.#b = hashOf(name.join('|'))
    this.#c = 0x9e3779b9
    for (let i = 0; i < 12; i++) this.word()
  }

  /** 0..2^32-1. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** Uniform over 0 (inclusive) to 1 (exclusive). */
  uniform(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number below `count`. */
  below(count: number): number {
    return Math.floor(this.uniform() * count)
  }

  /** A whole number whose mean is `mean`. */
  rounded(mean: number): number {
    const whole = Math.floor(mean)
    return this.uniform() < mean - whole ? whole + 1 : whole
  }

  /** A factor around 1, of that standard deviation on the log scale (Box and Muller). */
  factor(deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return Math.exp(deviation * radius * Math.cos(2 * Math.PI * this.uniform()) - deviation ** 2 / 2)
  }
}

/** FNV-1a, and a last mix so that similar names have unlike numbers. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixed(hash)
}

/** Scrambles 32 bits (the finalizer of MurmurHash3): for what a source always has, such as its distance. */
export function mixed(word: number): number {
  let hash = word ^ (word >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
