// A connection to Redis, or to a Redis Cluster, that never repeats a command by itself: a script's lost answer is an
// error, and the caller decides. The fence makes it safe to try again, but only the caller knows what else must be said
// again. What a cluster redirects was not done, so that is followed.
import { Cluster, Redis } from 'ioredis'
import { PackedNumbersError } from '../../core/packed-numbers.ts'
import { type ErrorCode, StormpetrelError } from '../../core/errors.ts'

/** One Redis, or a cluster of them: every command that is sent to it is of one key, or of keys of one slot. */
export type RedisConnection = Redis | Cluster

/** Where each connection leads, and why it was lost or could not be made. */
const addresses = new WeakMap<RedisConnection, string>()
const lastErrors = new WeakMap<RedisConnection, string>()

/**
 * Opens nothing yet. Several URLs, by commas, are nodes of a cluster; user, password and TLS are those of the first.
 * Commands wait while one Redis connects, and fail at the first attempt that does; to a cluster that is not there they
 * fail at once.
 */
export function makeConnection(url: string, commandTimeoutMs: number): RedisConnection {
  const urls = url.split(',').map((one) => one.trim())
  const isCluster = urls.length > 1
  const redis = isCluster ? clusterOf(urls, commandTimeoutMs) : oneRedis(url, commandTimeoutMs)
  addresses.set(redis, urls.map(hostOf).join(','))
  // Commands that fail say only that the connection is closed; the reason comes as an event.
  redis.on('error', (error: Error) => lastErrors.set(redis, error.message))
  redis.on('ready', () => lastErrors.delete(redis))
  return redis
}

function retryDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** attempt, 1000)
}

function oneRedis(url: string, commandTimeoutMs: number): Redis {
  return new Redis(url, {
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    retryStrategy: retryDelayMs
  })
}

function clusterOf(urls: readonly string[], commandTimeoutMs: number): Cluster {
  const first = new URL(urls[0]!)
  return new Cluster(urls.map(nodeOf), {
    lazyConnect: true,
    enableOfflineQueue: false,
    // Resending what a lost connection may have done is not this place's to decide.
    retryDelayOnFailover: 0,
    clusterRetryStrategy: retryDelayMs,
    redisOptions: {
      commandTimeout: commandTimeoutMs,
      autoResendUnfulfilledCommands: false,
      ...(first.username === '' ? {} : { username: decodeURIComponent(first.username) }),
      ...(first.password === '' ? {} : { password: decodeURIComponent(first.password) }),
      ...(first.protocol === 'rediss:' ? { tls: {} } : {})
    }
  })
}

/** Host and port of each node that was given, for people. */
export function addressOf(redis: RedisConnection): string {
  return addresses.get(redis) ?? 'unknown'
}

/** The nodes that hold keys: the one Redis, or the cluster's masters. */
export function mastersOf(redis: RedisConnection): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis]
}

/** Ends the connection, and the attempts to make it; idempotent. */
export async function endConnection(redis: RedisConnection): Promise<void> {
  const isOpen = redis.status === 'ready' || redis.status === 'connect'
  const ended = new Promise<void>((resolve) => {
    redis.once('end', () => resolve())
  })
  redis.disconnect()
  if (isOpen) await ended
}

/**
 * Runs one action; whatever Redis or the connection answers wrong becomes SP_REDIS or SP_REDIS_FULL, which may pass, or
 * SP_STORE_REFUSED, which would be answered again however often it is tried.
 */
export async function orRedisError<T>(
  redis: RedisConnection,
  what: string,
  action: () => Promise<T>
): Promise<T> {
  try {
    return await action()
  } catch (error) {
    // A mistake of the program is none of Redis's: tried again it would fail again, for ever.
    if (error instanceof StormpetrelError || error instanceof RangeError || error instanceof TypeError)
      throw error
    if (error instanceof PackedNumbersError) {
      const why = `${what}: what is stored cannot be read: ${error.message}`
      throw new StormpetrelError(
        'SP_STORE_REFUSED',
        `redis ${addressOf(redis)}: ${why}; ${advice('SPARGUMENT')}`
      )
    }
    const message = error instanceof Error ? error.message : String(error)
    const reason = lastErrors.get(redis) ?? message
    const code = codeOf(reason)
    throw new StormpetrelError(code, `redis ${addressOf(redis)}: ${what}: ${reason}; ${advice(reason)}`, {
      cause: error
    })
  }
}

/** What is refused again however often it is tried, wherever the key is that it is about. */
export function isLastingRefusal(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && REFUSAL.test(error.message))
}

const REFUSAL = /SPARGUMENT|WRONGTYPE/
/** Of a command, or of one within a script, which then has changed nothing. */
const FULL = /\bOOM command not allowed/

function codeOf(reason: string): ErrorCode {
  if (REFUSAL.test(reason)) return 'SP_STORE_REFUSED'
  return FULL.test(reason) ? 'SP_REDIS_FULL' : 'SP_REDIS'
}

function advice(reason: string): string {
  if (FULL.test(reason)) return 'give Redis more memory (maxmemory); nothing was counted'
  if (/NOAUTH|WRONGPASS|NOPERM/.test(reason)) return 'check the user and password in the URL'
  if (REFUSAL.test(reason))
    return 'nothing was changed; look who else writes these keys, and report it if nobody does'
  if (/ERR /.test(reason)) return 'nothing was changed'
  return 'check that it runs and can be reached'
}

function hostOf(url: string): string {
  if (!URL.canParse(url)) return url
  const { host, port } = nodeOf(url)
  return `${host}:${port}`
}

const DEFAULT_PORT = 6379

function nodeOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: port === '' ? DEFAULT_PORT : Number(port) }
}
