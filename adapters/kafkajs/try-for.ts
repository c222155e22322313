// Trying again, for a bounded time, what a broker that restarts cannot answer.
import { setTimeout as sleep } from 'node:timers/promises'
import { mayPass } from './connection.ts'

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 2000

/**
 * Tries until it works, fails for good (an error that is not of the connection), `forMs` have passed since the first
 * try, or the signal ends it; then rejects with the last error.
 */
export async function tryFor<T>(signal: AbortSignal, forMs: number, attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + forMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
    try {
      return await attempt()
    } catch (error) {
      const isLastTry = signal.aborted || !mayPass(error) || performance.now() + waitMs > until
      if (isLastTry || !(await waited(waitMs, signal))) throw error
    }
  }
}

/** False where the signal ended the wait. */
async function waited(forMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(forMs, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
