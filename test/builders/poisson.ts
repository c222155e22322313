// Counts that look like chance, the same at every run.

/** A count with that mean, of Poisson's distribution: how many exponential waits fit into it. */
export function poisson(mean: number, seed: number): number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(Math.round(mean * 1000), 0x85ebca6b)) >>> 0
  let count = 0
  for (let sum = 0; count < 10_000; count++) {
    state ^= state << 13
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    sum -= Math.log((state + 1) / 2 ** 32)
    if (sum > mean) break
  }
  return count
}
