// How strongly a count speaks against what was expected, in natural-log units.
import { WANDER_VARIANCES } from './wander.ts'

/**
 * The log likelihood ratio of a count over its expectation, where counts are negative binomial with a variance of
 * mean + dispersion * mean^2: half the deviance, with a continuity correction of a half. Zero where the count is not
 * above. (McCullagh and Nelder 1989, 2.3; the tail is about its exponential, by Lugannani and Rice 1980.)
 */
export function excessEvidence(count: number, expected: number, dispersion: number): number {
  const x = count - 0.5
  if (x <= expected) return 0
  const shape = 1 / dispersion
  return x * Math.log(x / expected) - (x + shape) * Math.log((x + shape) / (expected + shape))
}

/** No alarm takes as little. */
const LITTLE_EVIDENCE = 3
const LEAST_WEIGHT = 1e-6

/**
 * The same over all strengths of wander, each by its weight from `weights` on: what is not known of a series makes its
 * tail heavy. `rest` is the variance of all but the wander, `left` how much of the wander's variance a window keeps, and
 * `dips` what the series' own dips say of their sum, which is believed down to `least` of it.
 */
export function mixedEvidence(
  rows: Float32Array,
  weights: number,
  count: number,
  expected: number,
  rest: number,
  left: number,
  dips: number,
  least: number
): number {
  let chance = 0
  for (let strength = 0; strength < WANDER_VARIANCES.length; strength++) {
    const weight = rows[weights + strength]!
    if (weight < LEAST_WEIGHT) continue
    const believed = rest + left * WANDER_VARIANCES[strength]!
    const variance = Math.max(least * believed, dips * (believed + 1 / expected) - 1 / expected)
    const evidence = excessEvidence(count, expected, variance)
    // Stronger wanders only take away from it.
    if (evidence < LITTLE_EVIDENCE && weight > 0.01) return evidence
    chance += weight * Math.exp(-evidence)
  }
  return chance === 0 ? 0 : -Math.log(chance)
}
