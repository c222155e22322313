// The smallest input that still breaks the same promise, as far as a greedy search finds it.
import { FeatureMap } from './feature-map.ts'
import { type Input, promiseOf, type Target } from './target.ts'

const MAX_MS = 10_000
/** Nobody asks what is seen again here. */
const features = new FeatureMap()

/**
 * What an input breaks, or null where it breaks nothing. `target` is made anew: a failure may leave anything behind.
 */
export function errorOf(createTarget: () => Target, { detail, bytes }: Input): unknown {
  // Before and behind it other bytes, as in a run.
  const around = new Uint8Array(bytes.length + 64).fill(0x45)
  around.set(bytes, 16)
  try {
    createTarget().check(detail, around, 16, 16 + bytes.length, features)
    return null
  } catch (error) {
    return error
  }
}

/**
 * Takes pieces out of the input, then puts zeros in, as long as it breaks the promise. `onTry` is called at each try.
 */
export function minimize(
  createTarget: () => Target,
  input: Input,
  promise: string,
  onTry: () => void
): Input {
  const deadlineMs = performance.now() + MAX_MS
  const stillBreaks = (bytes: Uint8Array): boolean => {
    onTry()
    if (performance.now() > deadlineMs) return false
    const error = errorOf(createTarget, { detail: input.detail, bytes })
    return error !== null && promiseOf(error) === promise
  }
  let { bytes } = input
  if (!stillBreaks(bytes)) return input
  for (let size = 2 ** Math.floor(Math.log2(bytes.length || 1)); size >= 1; size /= 2) {
    for (let at = bytes.length - size; at >= 0; at -= size) {
      const shorter = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)])
      if (stillBreaks(shorter)) bytes = shorter
    }
  }
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0) continue
    const plainer = bytes.slice()
    plainer[at] = 0
    if (stillBreaks(plainer)) bytes = plainer
  }
  return { detail: input.detail, bytes }
}
