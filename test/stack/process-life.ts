import { setTimeout as delay } from 'node:timers/promises'

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Resolves when the condition holds; throws, naming it, when it does not within the limit. */
export async function until(what: string, holds: () => boolean, limitMs = 20_000): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`still not so after ${limitMs} ms: ${what}`)
    await delay(20)
  }
}
