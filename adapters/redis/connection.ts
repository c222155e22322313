// A connection to Redis that never repeats a command by itself: a script's lost answer is an error, and the caller
// decides. The fence makes it safe to try again, but only the caller knows what else must be said again.
import { Redis } from 'ioredis'
import { StormpetrelError } from '../../core/errors.ts'

/** Why each connection was lost or could not be made. */
const lastErrors = new WeakMap<Redis, string>()

/** Opens nothing yet. Commands wait while it connects, and fail at the first attempt that does. */
export function makeConnection(url: string, commandTimeoutMs: number): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1000)
  })
  // Commands that fail say only that the connection is closed; the reason comes as an event.
  redis.on('error', (error: Error) => lastErrors.set(redis, error.message))
  redis.on('ready', () => lastErrors.delete(redis))
  return redis
}

/** Ends the connection, and the attempts to make it; idempotent. */
export async function endConnection(redis: Redis): Promise<void> {
  const isOpen = redis.status === 'ready' || redis.status === 'connect'
  const ended = new Promise<void>((resolve) => {
    redis.once('end', () => resolve())
  })
  redis.disconnect()
  if (isOpen) await ended
}

/**
 * Runs one action; whatever Redis or the connection answers wrong becomes SP_REDIS, which may pass, or SP_STORE_REFUSED,
 * which would be answered again however often it is tried.
 */
export async function orRedisError<T>(redis: Redis, what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    // A mistake of the program is none of Redis's: tried again it would fail again, for ever.
    if (error instanceof StormpetrelError || error instanceof RangeError || error instanceof TypeError)
      throw error
    const message = error instanceof Error ? error.message : String(error)
    const reason = lastErrors.get(redis) ?? message
    const { host, port } = redis.options
    const code = REFUSAL.test(reason) ? 'SP_STORE_REFUSED' : 'SP_REDIS'
    throw new StormpetrelError(code, `redis ${host}:${port}: ${what}: ${reason}; ${advice(reason)}`, {
      cause: error
    })
  }
}

const REFUSAL = /SPARGUMENT|WRONGTYPE/

function advice(reason: string): string {
  if (reason.startsWith('OOM')) return 'give Redis more memory (maxmemory); nothing was counted'
  if (/NOAUTH|WRONGPASS|NOPERM/.test(reason)) return 'check the user and password in the URL'
  if (REFUSAL.test(reason))
    return 'nothing was changed; look who else writes these keys, and report it if nobody does'
  if (/ERR /.test(reason)) return 'nothing was changed'
  return 'check that it runs and can be reached'
}
