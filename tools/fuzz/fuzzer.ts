// The loop: pick an input that is known, change it, give it to its target, keep it where it shows something new.
import { composeCapture } from './compose-capture.ts'
import { Corpus } from './corpus.ts'
import { FeatureMap } from './feature-map.ts'
import { mutateFrame } from './mutate-frame.ts'
import { mutateBytes } from './mutate.ts'
import type { Progress } from './progress.ts'
import { SeededRandom } from './random.ts'
import type { Scratch } from './scratch.ts'
import type { Seeds } from './seeds.ts'
import { BrokenPromise, type Input, type Target } from './target.ts'

/** One input in so many is a whole capture, the others are frames: a capture costs as much as twenty of them. */
const CAPTURE_ONE_IN = 16
/** One capture in so many is large: its frames are as long as a reader takes, or longer. */
const LARGE_ONE_IN = 4096
/** What a frame and an ordinary capture may have. */
const MAX_FRAME_BYTES = 512
const MAX_CAPTURE_BYTES = 4096
/** Longest that one input may take, as the least of three tries: others use the machine, and memory is collected. */
const MAX_INPUT_MS = 50

/** An input that broke a promise. */
export interface Failure {
  readonly target: Target
  readonly input: Input
  readonly inputNumber: number
  readonly error: unknown
}

/** A run: the same seed and the same seed files give the same inputs. */
export class Fuzzer {
  readonly features = new FeatureMap()
  readonly frames = new Corpus()
  readonly captures = new Corpus()
  inputs = 0
  slowestMs = 0
  readonly #random: SeededRandom
  readonly #scratch: Scratch
  readonly #frameTarget: Target
  readonly #captureTarget: Target
  readonly #progress: Progress

  constructor(
    seed: number,
    scratch: Scratch,
    frameTarget: Target,
    captureTarget: Target,
    progress: Progress
  ) {
    this.#random = new SeededRandom(seed)
    this.#scratch = scratch
    this.#frameTarget = frameTarget
    this.#captureTarget = captureTarget
    this.#progress = progress
  }

  /** Gives all seeds as they are, and keeps those that show something new, or that are the only ones of their kind. */
  start(seeds: Seeds): Failure | null {
    for (const [target, corpus, inputs] of [
      [this.#frameTarget, this.frames, seeds.frames],
      [this.#captureTarget, this.captures, seeds.captures]
    ] as const) {
      for (const input of inputs) {
        this.#scratch.load(input)
        const failure = this.#try(target, corpus)
        if (failure !== null) return failure
      }
      if (corpus.inputs.length === 0) corpus.add({ detail: 1, bytes: new Uint8Array(20) })
    }
    return null
  }

  /** Gives `count` more inputs, or fewer where one fails. */
  run(count: number): Failure | null {
    for (let left = count; left > 0; left--) {
      const failure = this.#random.oneIn(CAPTURE_ONE_IN) ? this.#tryCapture() : this.#tryFrame()
      if (failure !== null) return failure
    }
    return null
  }

  #tryFrame(): Failure | null {
    const scratch = this.#scratch
    scratch.load(this.frames.pick(this.#random))
    mutateFrame(scratch, this.#random)
    scratch.end = Math.min(scratch.end, scratch.start + MAX_FRAME_BYTES)
    return this.#try(this.#frameTarget, this.frames)
  }

  #tryCapture(): Failure | null {
    const random = this.#random
    const scratch = this.#scratch
    const isLarge = random.oneIn(LARGE_ONE_IN)
    if (isLarge || random.oneIn(2)) {
      const frames = isLarge ? [this.#largeFrame(), this.frames.pick(random)] : this.frames.inputs
      composeCapture(scratch, frames, random)
      if (random.oneIn(2)) mutateBytes(scratch, random)
    } else {
      scratch.load(this.captures.pick(random))
      mutateBytes(scratch, random)
    }
    if (!isLarge) scratch.end = Math.min(scratch.end, scratch.start + MAX_CAPTURE_BYTES)
    scratch.detail = random.next()
    return this.#try(this.#captureTarget, this.captures)
  }

  /** A frame about as long as a captured length may be, which goes on as it began. */
  #largeFrame(): Input {
    const { detail, bytes } = this.frames.pick(this.#random)
    const large = new Uint8Array(this.#random.oneIn(2) ? 262_144 + this.#random.below(9) - 4 : 66_000)
    for (let at = 0; at < large.length; at += bytes.length || large.length) {
      large.set(bytes.subarray(0, large.length - at), at)
    }
    return { detail, bytes: large }
  }

  #try(target: Target, corpus: Corpus): Failure | null {
    const scratch = this.#scratch
    this.inputs += 1
    const known = this.features.count
    this.#progress.note(this.inputs, known, target.name, scratch.detail, scratch.end)
    try {
      const begun = performance.now()
      target.check(scratch.detail, scratch.bytes, scratch.start, scratch.end, this.features)
      const tookMs = performance.now() - begun
      // Looking again may show what the first look did not.
      if (tookMs > this.slowestMs && !this.#isFast(target, tookMs)) {
        throw new BrokenPromise(`an input takes at most ${MAX_INPUT_MS} ms`, `${tookMs} ms`)
      }
    } catch (error) {
      return { target, input: scratch.save(), inputNumber: this.inputs, error }
    }
    const isWorthKeeping = this.features.count > known && scratch.length <= MAX_CAPTURE_BYTES
    if (isWorthKeeping) corpus.add(scratch.save())
    return null
  }

  /** Whether the input in hand is within its time after all: twice more, by the processor's time. */
  #isFast(target: Target, tookMs: number): boolean {
    let leastMs = tookMs
    for (let left = 2; left > 0 && leastMs > MAX_INPUT_MS / 10; left--) {
      const { detail, bytes, start, end } = this.#scratch
      const begun = process.cpuUsage()
      target.check(detail, bytes, start, end, this.features)
      const { user, system } = process.cpuUsage(begun)
      leastMs = Math.min(leastMs, (user + system) / 1000)
    }
    this.slowestMs = Math.max(this.slowestMs, leastMs)
    return leastMs <= MAX_INPUT_MS
  }
}
