// How strongly a count speaks against what was expected, in natural-log units.

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
 * Evidence where the variance itself is estimated, from so many observations: the tail of Student's t in place of the
 * normal one. `share` is the part of the variance that is estimated (Satterthwaite 1946).
 */
export function tempered(evidence: number, freedom: number, share: number): number {
  const degrees = freedom / (share * share + 1e-6)
  return ((degrees + 1) / 2) * Math.log1p((2 * evidence) / degrees)
}
