// One partition while this consumer holds it: which offset comes next, and one thing at a time.

/** Turns of one partition, over all the times it is held: calls of its handler never overlap. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  /** Runs after everything that was queued before, whether that worked or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.then(
      () => undefined,
      () => undefined
    )
    return result
  }

  /** Resolves when nothing is queued. */
  async idle(): Promise<void> {
    let last: Promise<void>
    do {
      last = this.#last
      await last
    } while (last !== this.#last)
  }
}

/** What is known of a held partition. Ends with the assignment; a later one makes a new object. */
export class HeldPartition {
  readonly partition: number
  /** False once the partition was revoked: nothing more is handed over under this assignment. */
  isHeld = true
  /** The next offset to hand over; null until the handler has said where to begin. */
  expected: number | null = null
  /** Rises with each seek, so that what was in hand before it no longer moves the position. */
  seeks = 0
  /** The log's end, as far as known. */
  logEnd = 0
  /** A next offset whose commit failed and is to be tried again. */
  uncommitted: number | null = null
  /** Fetches in a row that did not begin at the expected offset. */
  strayFetches = 0

  constructor(partition: number) {
    this.partition = partition
  }

  get lagRecords(): number {
    return this.expected === null ? 0 : Math.max(0, this.logEnd - this.expected)
  }
}
