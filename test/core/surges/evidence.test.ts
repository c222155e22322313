import { expect, test } from '@jest/globals'
import { excessEvidence, mixedEvidence, wanderedEvidence } from '../../../core/surges/evidence.ts'
import { WANDER_VARIANCES } from '../../../core/surges/wander.ts'

/** Log of the negative binomial probability but for its count's own part. */
function logLikelihood(count: number, mean: number, shape: number): number {
  return count * Math.log(mean) - (count + shape) * Math.log(mean + shape)
}

test('evidence is the log likelihood ratio of the count as its own mean, half a count off', () => {
  for (const [count, expected, dispersion] of [
    [30, 10, 0.1],
    [5, 0.5, 0.02],
    [900, 300, 0.05]
  ] as const) {
    const x = count - 0.5
    const ratio = logLikelihood(x, x, 1 / dispersion) - logLikelihood(x, expected, 1 / dispersion)

    expect(excessEvidence(count, expected, dispersion)).toBeCloseTo(ratio, 6)
  }
})

test('there is none for a count that is not above', () => {
  expect(excessEvidence(10, 10, 0.1)).toBe(0)
  expect(excessEvidence(3, 10, 0.1)).toBe(0)
})

test('a level that wanders as its logarithm does goes further up than noise of the same variance', () => {
  for (const [count, expected, noise, slow] of [
    [200, 100, 0.01, 0.02],
    [30, 10, 0.1, 0.01],
    [9000, 3000, 0.001, 0.06]
  ] as const) {
    const evidence = wanderedEvidence(count, expected, noise, slow)
    // The least over all parts that the wander may have had of the rise.
    let least = Number.POSITIVE_INFINITY
    for (let part = 0; part < Math.log(count / expected); part += 0.0005)
      least = Math.min(
        least,
        excessEvidence(count, expected * Math.exp(part), noise) + (part * part) / (2 * slow)
      )

    expect(evidence / least).toBeGreaterThan(0.9999)
    expect(evidence / least).toBeLessThan(1.02)
    expect(evidence).toBeLessThan(excessEvidence(count, expected, noise + slow))
  }
  expect(wanderedEvidence(10, 10, 0.1, 0.1)).toBe(0)
})

function evidence(weights: Float32Array): number {
  return mixedEvidence(weights, 0, 2000, 1000, 0.001, 0.001, 1, 1, 1, 0)
}

test('a series whose wander is not known needs more than the mean variance would', () => {
  const known = Float32Array.from(WANDER_VARIANCES, (_, i) => (i === 3 ? 1 : 0))
  const unknown = Float32Array.from(WANDER_VARIANCES, (_, i) => (i === 1 || i === 5 ? 0.5 : 0))

  expect(evidence(unknown)).toBeGreaterThan(0)
  expect(evidence(unknown)).toBeLessThan(evidence(known))
})
