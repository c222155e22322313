// Random numbers that are the same for the same seed, fast enough for millions of inputs a second.

/** sfc32, whose period no run comes near. */
export class SeededRandom {
  #a = 0x9e3779b9 | 0
  #b = 0x243f6a88
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#c = seed | 0
    for (let i = 0; i < 15; i++) this.next()
  }

  /** A whole number in -2^31..2^31-1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum
  }

  /** A whole number in 0..below-1. */
  below(below: number): number {
    return Math.floor(((this.next() >>> 0) / 2 ** 32) * below)
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
}
