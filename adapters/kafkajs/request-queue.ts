// kafkajs 2.2.4 looks a thousand times a second, on every connection, whether requests wait to be sent, although each that is
// made to wait asks for a look by itself: half of what an idle sensor's processor did, and a share of every other service's.
// Here it looks while something waits.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../package-root.ts'

/** As much of kafkajs's queue of one connection as is used here. */
export interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

interface RequestQueueClass {
  readonly prototype: RequestQueue
}

let isInstalled = false

/** Mends the queue of every connection that is made from now on. Does nothing where kafkajs has no such module. */
export function installRequestQueue(): void {
  if (isInstalled) return
  const require = createRequire(join(packageRoot(), 'package.json'))
  try {
    const { prototype } = require('kafkajs/src/network/requestQueue') as RequestQueueClass
    isInstalled = true
    const look = prototype.scheduleCheckPendingRequests
    prototype.scheduleCheckPendingRequests = function lookWhereAnyWaits(): void {
      if (this.pending.length > 0) look.call(this)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
  }
}
