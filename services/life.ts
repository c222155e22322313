// The life of a service's process: parts start in order, and stop in reverse when a signal comes or one of them fails.

/** Something that was started. `stop` is idempotent. */
export interface Part {
  start(): Promise<unknown>
  stop(): Promise<void>
}

/** Tells when to end. */
export class Life {
  readonly #ended: Promise<void>
  #resolve: () => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #isEnding = false

  constructor() {
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Whoever waits sees the failure; until then it is not unhandled.
    this.#ended.catch(() => undefined)
  }

  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Ends well. */
  readonly end = (): void => {
    this.#isEnding = true
    this.#resolve()
  }

  /** Ends with an error; given to parts as their `onFailure`. */
  readonly fail = (error: Error): void => {
    this.#isEnding = true
    this.#reject(error)
  }

  /** Passes on what the work gives; rejects at `fail`, without waiting for it. */
  async unlessFailed<T>(work: Promise<T>): Promise<T> {
    const never = this.#ended.then(() => new Promise<never>(() => undefined))
    return await Promise.race([work, never])
  }

  /** Resolves at `end` or at SIGTERM or SIGINT; rejects at `fail`. */
  async untilEnd(): Promise<void> {
    process.once('SIGTERM', this.end)
    process.once('SIGINT', this.end)
    try {
      await this.#ended
    } finally {
      process.off('SIGTERM', this.end)
      process.off('SIGINT', this.end)
    }
  }
}

/** Starts the parts in order, runs `body`, and stops in reverse what was started, whatever happens. */
export async function withParts<T>(parts: readonly Part[], body: () => Promise<T>): Promise<T> {
  const started: Part[] = []
  let result: T
  try {
    for (const part of parts) {
      started.push(part)
      await part.start()
    }
    result = await body()
  } catch (error) {
    // What went wrong first is what people must read; that something then did not stop well follows from it.
    await stopAll(started.reverse()).catch(() => undefined)
    throw error
  }
  await stopAll(started.reverse())
  return result
}

/** One part that cannot stop does not leave the others open. Throws the first error, after all. */
async function stopAll(parts: readonly Part[]): Promise<void> {
  const errors: unknown[] = []
  for (const part of parts) await part.stop().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}
