// Where the worker is, in memory that the main thread sees while the worker hangs in an input.
import { MARGIN_BYTES } from './scratch.ts'
import type { Input, TargetName } from './target.ts'

/** The largest input: a frame of 256 KiB and all around it. */
const INPUT_BYTES = 640 * 1024
const FIELDS = 6
const TARGETS: readonly TargetName[] = ['frame', 'capture']
const FIELD = { beats: 0, inputs: 1, features: 2, target: 3, detail: 4, end: 5 } as const

/** Shared by two threads, of which only the worker writes. */
export class Progress {
  readonly memory: SharedArrayBuffer
  readonly #fields: Float64Array

  constructor(memory = new SharedArrayBuffer(FIELDS * 8 + INPUT_BYTES)) {
    this.memory = memory
    this.#fields = new Float64Array(memory, 0, FIELDS)
  }

  /** Where inputs are made. */
  get inputMemory(): Uint8Array {
    return new Uint8Array(this.memory, FIELDS * 8)
  }

  /** Grows with every input that is given, those of the search for a smaller one too. */
  get beats(): number {
    return this.#fields[FIELD.beats]!
  }

  get inputs(): number {
    return this.#fields[FIELD.inputs]!
  }

  get features(): number {
    return this.#fields[FIELD.features]!
  }

  /** The target of the input in hand, and the input. */
  get current(): { readonly target: TargetName; readonly input: Input } {
    const fields = this.#fields
    const bytes = this.inputMemory.slice(MARGIN_BYTES, fields[FIELD.end])
    return { target: TARGETS[fields[FIELD.target]!]!, input: { detail: fields[FIELD.detail]!, bytes } }
  }

  beat(): void {
    this.#fields[FIELD.beats]! += 1
  }

  /** Before an input is given. */
  note(inputs: number, features: number, target: TargetName, detail: number, end: number): void {
    const fields = this.#fields
    fields[FIELD.beats]! += 1
    fields[FIELD.inputs] = inputs
    fields[FIELD.features] = features
    fields[FIELD.target] = target === 'frame' ? 0 : 1
    fields[FIELD.detail] = detail
    fields[FIELD.end] = end
  }
}
