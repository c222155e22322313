import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Whether a process with this id runs; one that has ended and that its parent has not noticed (Z) does not. */
export function isAlive(pid: number): boolean {
  try {
    // The state follows the program's name, which is in brackets and may hold anything.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
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
