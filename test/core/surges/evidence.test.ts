import { expect, test } from '@jest/globals'
import { excessEvidence, mixedEvidence } from '../../../core/surges/evidence.ts'
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

function evidence(weights: Float32Array): number {
  return mixedEvidence(weights, 0, 2000, 1000, 0.001, 1, 1, 1)
}

test('a series whose wander is not known needs more than the mean variance would', () => {
  const known = Float32Array.from(WANDER_VARIANCES, (_, i) => (i === 3 ? 1 : 0))
  const unknown = Float32Array.from(WANDER_VARIANCES, (_, i) => (i === 1 || i === 5 ? 0.5 : 0))

  expect(evidence(unknown)).toBeGreaterThan(0)
  expect(evidence(unknown)).toBeLessThan(evidence(known))
})
