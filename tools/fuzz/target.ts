// What the fuzzer asks of a part of the product: one input, all promises checked.
import type { FeatureMap } from './feature-map.ts'

/** An input: bytes, and a number whose meaning is the target's (a link type, or a seed of chunk sizes). */
export interface Input {
  readonly detail: number
  readonly bytes: Uint8Array
}

/** A part of the product under all promises that it makes. */
export interface Target {
  readonly name: TargetName
  /**
   * Gives bytes[start..end) to the part. Throws a BrokenPromise, or whatever the part threw that it must not. What the
   * part did is noted in `features`.
   */
  check(detail: number, bytes: Uint8Array, start: number, end: number, features: FeatureMap): void
}

export type TargetName = 'frame' | 'capture'

/** A promise that an input broke. Its name is the same for the same promise, whatever the input. */
export class BrokenPromise extends Error {
  readonly promise: string

  constructor(promise: string, found: string) {
    super(`${promise}: ${found}`)
    this.name = 'BrokenPromise'
    this.promise = promise
  }
}

/** The name of what is wrong, to tell two failures apart. */
export function promiseOf(error: unknown): string {
  if (error instanceof BrokenPromise) return error.promise
  return error instanceof Error ? `throws nothing but StormpetrelError (${error.name})` : 'throws only errors'
}

/** What is wrong, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'something was thrown that is no error'
}
