// A line of progress on stderr, for work over a second, only on a terminal.
import type { Output } from './context.ts'

const FIRST_AFTER_MS = 1000
const BETWEEN_MS = 200
const BAR_WIDTH = 20
const ERASE_LINE = '\r\u001b[K'

/** Shows how far a verb is through its files. `add` as often as you like, `end` at last. */
export class Progress {
  readonly #stderr: Output
  readonly #isShown: boolean
  readonly #files: readonly string[]
  readonly #nowMs: () => number
  readonly #startedMs: number
  #dueMs = FIRST_AFTER_MS
  #hasLine = false
  #packets = 0

  /** `isOutputOnTerminal`: records go to the same screen, where a bar would stand in their way. */
  constructor(stderr: Output, files: readonly string[], isOutputOnTerminal: boolean, nowMs: () => number) {
    this.#stderr = stderr
    this.#files = files
    this.#nowMs = nowMs
    this.#startedMs = nowMs()
    this.#isShown = stderr.isTTY === true && !isOutputOnTerminal
  }

  /** So many frames of a file are done. */
  add(file: string | null, packets: number): void {
    this.#packets += packets
    if (!this.#isShown) return
    const elapsedMs = this.#nowMs() - this.#startedMs
    if (elapsedMs < this.#dueMs) return
    this.#dueMs = elapsedMs + BETWEEN_MS
    this.#hasLine = true
    const done = Math.max(0, this.#files.indexOf(file ?? ''))
    const filled = Math.round((done / this.#files.length) * BAR_WIDTH)
    const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '.')
    const perSecond = Math.round((this.#packets / elapsedMs) * 1000)
    const counts = `${this.#packets.toLocaleString('en')} frames, ${perSecond.toLocaleString('en')}/s`
    this.#stderr.write(`${ERASE_LINE}[${bar}] file ${done + 1} of ${this.#files.length}, ${counts}`)
  }

  /** Clears the line. */
  end(): void {
    if (this.#hasLine) this.#stderr.write(ERASE_LINE)
    this.#hasLine = false
  }
}
