// Seeded draws for the generators: the same seed gives the same series on every machine.

/** Draws from one stream (sfc32, of PractRand). */
export class SeededRandom {
  #a: number
  #b: number
  #c: number
  #counter = 1
  #spareNormal: number | null = null

  /** Streams of one seed differ by their number, so that a series does not depend on those before it. */
  constructor(seed: number, stream: number) {
    this.#a = seed >>> 0
    this.#b = stream >>> 0
    this.#c = 0x9e3779b9
    for (let i = 0; i < 15; i++) this.uniform()
  }

  /** Uniform over 0 (inclusive) to 1 (exclusive). */
  uniform(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }

  /** Uniform between two numbers. */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /** Uniform in the logarithm. */
  logBetween(low: number, high: number): number {
    return low * (high / low) ** this.uniform()
  }

  /** A whole number, both ends inclusive. */
  whole(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.uniform())
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal
      this.#spareNormal = null
      return spare
    }
    for (;;) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const scale = Math.sqrt((-2 * Math.log(square)) / square)
      this.#spareNormal = y * scale
      return x * scale
    }
  }

  /** Gamma of a shape with mean 1 (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    if (shape < 1) return (this.gamma(shape + 1) * (shape + 1) * this.uniform() ** (1 / shape)) / shape
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = this.normal()
      const v = (1 + c * x) ** 3
      if (v <= 0) continue
      if (Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (d * v) / shape
    }
  }

  /** Poisson; above a mean of 50 by Cornish and Fisher's expansion. */
  poisson(mean: number): number {
    if (mean > 50) {
      const z = this.normal()
      return Math.max(0, Math.round(mean + Math.sqrt(mean) * z + (z * z - 1) / 6))
    }
    let probability = Math.exp(-mean)
    let rest = this.uniform()
    let count = 0
    while (rest > probability && count < 400) {
      rest -= probability
      count++
      probability *= mean / count
    }
    return count
  }
}
