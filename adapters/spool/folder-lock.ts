// One process a spool: flock(2) on a file in it. The lock belongs to the open file description, so once the program
// `flock` has taken it on our descriptor, this process holds it until it is gone, however it ends.
import { spawnSync } from 'node:child_process'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StormpetrelError } from '../../core/errors.ts'

/** A predecessor that was just killed needs a moment until the kernel has freed its lock. */
const TRIES = 8
const PAUSE_MS = 200

/** Takes the lock; closing the handle gives it up. Throws SP_SPOOL_LOCKED where another process has it. */
export async function lockFolder(folder: string): Promise<FileHandle> {
  const handle = await open(join(folder, 'lock'), 'a')
  try {
    for (let triesLeft = TRIES; ; triesLeft--) {
      if (tryLock(handle.fd, folder)) return handle
      if (triesLeft === 1) break
      await sleep(PAUSE_MS)
    }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  throw new StormpetrelError(
    'SP_SPOOL_LOCKED',
    `the spool ${folder} is in use: this sensor runs already; stop that process first, or name another sensor with --sensor`
  )
}

function tryLock(descriptor: number, folder: string): boolean {
  const { status, error, stderr } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor]
  })
  if (error === undefined && status === 0) return true
  if (error === undefined && status === 1) return false
  const reason = error?.message ?? (stderr.toString().trim() || `exit code ${status}`)
  throw new StormpetrelError(
    'SP_SPOOL',
    `the spool ${folder} cannot be locked: flock: ${reason}; install flock (package util-linux), on a local disk`
  )
}
