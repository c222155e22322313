// What the kernel says of a process: a fault counts when it shows there.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** The letter of /proc/PID/stat (R, S, D, T, Z ...), or null where there is no such process. */
export function processState(pid: number): string | null {
  try {
    // It follows the program's name, which is in brackets and may hold anything.
    return /\) ([A-Za-z]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? null
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

/** Whether the process runs no more. */
export function isGone(pid: number): boolean {
  const state = processState(pid)
  return state === null || state === 'Z' || state === 'X'
}

/** Waits until it holds; false where it does not within the limit. */
export async function holdsWithin(limitMs: number, holds: () => boolean): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (!holds()) {
    if (performance.now() > deadline) return false
    await delay(10)
  }
  return true
}
