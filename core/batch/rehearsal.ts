// A capture of long ago as if it came now: its first packet comes at once, and the others as far behind it as they were, or
// faster by a factor. What a deployment does with that is rehearsed, alerts included.
import type { Frame } from '../capture/frame.ts'

/** Frames may be this much ahead of the clock, so that a batch is not one packet. */
const AHEAD_MS = 200

/** Shifts frames of several files that follow each other. */
export class Rehearsal {
  readonly #speed: number
  readonly #nowMs: () => number
  /** When the first frame came, by its capture and by the clock; null before it. */
  #first: { readonly frameMs: number; readonly nowMs: number } | null = null

  /** `speed` is how many seconds of the capture go by in one. Throws RangeError where it is not above 0. */
  constructor(speed: number, nowMs: () => number) {
    if (!(speed > 0)) throw new RangeError(`speed ${speed}`)
    this.#speed = speed
    this.#nowMs = nowMs
  }

  /** Gives the frame its new time; answers how many milliseconds to wait before it is handed on. */
  shift(frame: Frame): number {
    const frameMs = frame.seconds * 1000 + frame.nanoseconds / 1e6
    const now = this.#nowMs()
    this.#first ??= { frameMs, nowMs: now }
    const shiftedMs = this.#first.nowMs + (frameMs - this.#first.frameMs) / this.#speed
    frame.seconds = Math.floor(shiftedMs / 1000)
    frame.nanoseconds = Math.min(999_999_999, Math.round((shiftedMs - frame.seconds * 1000) * 1e6))
    const waitMs = shiftedMs - now
    return waitMs > AHEAD_MS ? waitMs : 0
  }
}
