// kafkajs 2.2.4 looks every millisecond, on every connection and for as long as that lives, whether requests wait that it held
// back, where none do: its next look is due at a time long past. That is most of what a quiet service costs, 2 % of a core. What
// waits has asked for a look when it came (requestQueue/index.js, push), so that no look is needed while nothing waits.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../package-root.ts'

/** The part of kafkajs's queue of a connection's requests that is used here. */
interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: () => void
}

let isInstalled = false

/** Has the queues of all connections look only while requests wait. Where kafkajs has no such module, it goes on as it does. */
export function installQuietQueue(): void {
  if (isInstalled) return
  const require = createRequire(join(packageRoot(), 'package.json'))
  try {
    const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
    const schedule = prototype.scheduleCheckPendingRequests
    prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
      if (this.pending.length > 0) schedule.call(this)
    }
    isInstalled = true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
  }
}
