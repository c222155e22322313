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

/**
 * The same where the level itself has wandered: its log is normal with the variance `slow`, counts about it are negative
 * binomial with the dispersion `noise`. What is likeliest of the two carries the excess (the contraction principle of large
 * deviations, Dembo and Zeitouni 1998, 4.2): the least sum of both. A level that wanders goes further up than one of the
 * same variance that is gamma.
 */
export function wanderedEvidence(count: number, expected: number, noise: number, slow: number): number {
  const x = count - 0.5
  if (x <= expected) return 0
  const rise = Math.log(x / expected)
  // The wander's part of the rise, where both are normal; then one step of Newton's.
  let part = (rise * slow) / (slow + noise + 1 / x)
  const mean = expected * Math.exp(part)
  const spread = 1 + noise * mean
  const slope = part / slow - (x - mean) / spread
  const curvature = 1 / slow + (mean * (1 + noise * x)) / (spread * spread)
  part = Math.min(rise, Math.max(0, part - slope / curvature))
  return excessEvidence(count, expected * Math.exp(part), noise) + (part * part) / (2 * slow)
}

const LEAST_WEIGHT = 1e-6

/**
 * That over all strengths of wander, each by its weight from `weights` on: what is not known of a series makes its tail
 * heavy. `noise` is the dispersion of the window's hours, `slow` the variance of the log level but for the wander, `left`
 * how much of the wander's variance a window keeps, and `dips` what the series' own dips say of all, which is believed down
 * to `least` of it. Below `needed` it may say more than there is.
 */
export function mixedEvidence(
  rows: Float32Array,
  weights: number,
  count: number,
  expected: number,
  noise: number,
  slow: number,
  left: number,
  dips: number,
  least: number,
  needed: number
): number {
  let chance = 0
  for (let strength = 0; strength < WANDER_VARIANCES.length; strength++) {
    const weight = rows[weights + strength]!
    if (weight < LEAST_WEIGHT) continue
    const level = slow + left * WANDER_VARIANCES[strength]!
    const believed = noise + level
    // Chance's own part of a dip is known.
    const factor = Math.max(least, dips + (dips - 1) / (expected * believed))
    const evidence = wanderedEvidence(count, expected, factor * noise, factor * level)
    // Stronger wanders only take away from it.
    if (chance === 0 && evidence < needed) return evidence
    chance += weight * Math.exp(-evidence)
  }
  return chance === 0 ? 0 : -Math.log(chance)
}
