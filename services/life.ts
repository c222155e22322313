// The life of a service's process: parts start in order, and stop in reverse when a signal comes or one of them fails.
import { StormpetrelError } from '../core/errors.ts'

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

/**
 * Starts the parts in order, runs `body`, and stops in reverse what was started, whatever happens. With `stopLimitMs`
 * nobody waits for longer than that: it throws SP_NOT_DRAINED, or what went wrong before, and the process is to exit.
 */
export async function withParts<T>(
  parts: readonly Part[],
  body: () => Promise<T>,
  stopLimitMs: number | null = null
): Promise<T> {
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
    await within(stopLimitMs, stopAll(started.reverse())).catch(() => undefined)
    throw error
  }
  await within(stopLimitMs, stopAll(started.reverse()))
  return result
}

async function within(limitMs: number | null, stopping: Promise<void>): Promise<void> {
  if (limitMs === null) return await stopping
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notDrained(limitMs)), limitMs)
  })
  try {
    await Promise.race([stopping, late])
  } finally {
    clearTimeout(timer)
  }
}

function notDrained(limitMs: number): StormpetrelError {
  return new StormpetrelError(
    'SP_NOT_DRAINED',
    `not finished ${limitMs / 1000} s after it was told to end (STORMPETREL_STOP_SECONDS): what was in hand is read ` +
      'again at the next start and counted once; see that Kafka and Redis run and can be reached from here'
  )
}

/** One part that cannot stop does not leave the others open. Throws the first error, after all. */
async function stopAll(parts: readonly Part[]): Promise<void> {
  const errors: unknown[] = []
  for (const part of parts) await part.stop().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}
