// The partitions that a consumer holds: which offset comes next in each, and one thing at a time.

/** Turns of one partition, over all the times it is held: calls of its handler never overlap. */
class Turns {
  #last: Promise<void> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.then(
      () => undefined,
      () => undefined
    )
    return result
  }

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
  /** The lowest offset that was sought before there was an expected one. */
  sought: number | null = null
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

/** The partitions that are held now, and the turns of all that ever were. */
export class HeldPartitions implements Iterable<HeldPartition> {
  readonly #held = new Map<number, HeldPartition>()
  /**
   * When each partition last went on or had nothing to read, by performance.now(). Outlives an assignment that the next
   * one repeats: a consumer that crashes and joins again for ever does not go on either.
   */
  readonly #progressMs = new Map<number, number>()
  readonly #turns = new Map<number, Turns>()

  get(partition: number): HeldPartition | undefined {
    return this.#held.get(partition)
  }

  #hold(partition: number): HeldPartition {
    const held = new HeldPartition(partition)
    this.#held.set(partition, held)
    if (!this.#progressMs.has(partition)) this.progressed(partition)
    return held
  }

  /** The partitions of a new assignment; what was known of others is forgotten. */
  assign(partitions: readonly number[]): HeldPartition[] {
    for (const partition of this.#progressMs.keys()) {
      if (!partitions.includes(partition)) this.#progressMs.delete(partition)
    }
    return partitions.map((partition) => this.#hold(partition))
  }

  /** Call whenever a partition goes on, or waits for a good reason. */
  progressed(partition: number): void {
    this.#progressMs.set(partition, performance.now())
  }

  /** A held partition that has had something to read for longer than this and has not gone on; undefined where none. */
  standingStill(limitMs: number): HeldPartition | undefined {
    for (const held of this) {
      if (held.expected !== null && held.lagRecords === 0) this.progressed(held.partition)
    }
    const nowMs = performance.now()
    return [...this].find(({ partition }) => nowMs - (this.#progressMs.get(partition) ?? nowMs) > limitMs)
  }

  /** Gives them all up, and answers which they were. */
  release(): HeldPartition[] {
    const released = [...this.#held.values()]
    for (const held of released) held.isHeld = false
    this.#held.clear()
    return released
  }

  /** Runs the work after everything else that was begun for this partition, whether that worked or not. */
  inTurn<T>(partition: number, work: () => Promise<T>): Promise<T> {
    let turns = this.#turns.get(partition)
    if (turns === undefined) {
      turns = new Turns()
      this.#turns.set(partition, turns)
    }
    return turns.take(work)
  }

  /** Resolves when nothing is in hand for any partition. */
  async idle(): Promise<void> {
    await Promise.all([...this.#turns.values()].map((turns) => turns.idle()))
  }

  [Symbol.iterator](): Iterator<HeldPartition> {
    return this.#held.values()
  }
}
