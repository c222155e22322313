// Chances that a seed repeats: the same seed draws the same frames and the same order of faults.

/** A stream of random numbers (xorshift32; Marsaglia, 2003). */
export class Random {
  #state: number

  constructor(seed: number) {
    // Small seeds that differ by 1 must not begin alike.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1
    for (let i = 0; i < 8; i++) this.bits()
  }

  /** 32 random bits. */
  bits(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state
  }

  /** 0 <= value < 1. */
  fraction(): number {
    return this.bits() / 2 ** 32
  }

  /** A whole number, 0 <= value < `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  between(least: number, most: number): number {
    return least + this.fraction() * (most - least)
  }

  isChance(share: number): boolean {
    return this.fraction() < share
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  shuffled<T>(values: readonly T[]): T[] {
    const order = [...values]
    for (let i = order.length - 1; i > 0; i--) {
      const other = this.below(i + 1)
      const kept = order[i]!
      order[i] = order[other]!
      order[other] = kept
    }
    return order
  }
}
