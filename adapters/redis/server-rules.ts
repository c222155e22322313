// What Redis must be so that it loses no count by itself: of a version that scripts are tested on, never
// evicting, and refusing an append-only file that is torn.
import type { Redis } from 'ioredis'
import { StormpetrelError } from '../../core/errors.ts'
import type { Finding } from '../topics/topic-rules.ts'

/** No older one is tested. */
const LEAST_MAJOR = 7

/** What INFO says of a server; null where this user may not ask, or the server does not say. */
export interface ServerFacts {
  /** Host and port, for people. */
  readonly where: string
  readonly version: string | null
  /** 0 is no limit. */
  readonly maxmemoryBytes: number | null
  readonly maxmemoryPolicy: string | null
  /** Whether it keeps an append-only file and goes on with one that is torn. */
  readonly loadsTornFile: boolean | null
}

/** Asks by INFO, which servers allow that forbid CONFIG; only what INFO does not say is asked of CONFIG. */
export async function readServerFacts(redis: Redis): Promise<ServerFacts> {
  const info = await readInfo(redis)
  const field = (name: string): string | null =>
    new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? null
  const bytes = field('maxmemory')
  return {
    where: `${redis.options.host}:${redis.options.port}`,
    version: field('redis_version'),
    maxmemoryBytes: bytes === null ? null : Number(bytes),
    maxmemoryPolicy: field('maxmemory_policy'),
    loadsTornFile: field('aof_enabled') === '0' ? false : await readLoadsTornFile(redis)
  }
}

async function readLoadsTornFile(redis: Redis): Promise<boolean | null> {
  try {
    const [, value] = await redis.config('GET', 'aof-load-truncated')
    return value === undefined ? null : value === 'yes'
  } catch (error) {
    if (isRefusal(error)) return null
    throw error
  }
}

/** Empty where the server refuses to tell. */
async function readInfo(redis: Redis): Promise<string> {
  try {
    return `${await redis.info('server')}\n${await redis.info('memory')}\n${await redis.info('persistence')}`
  } catch (error) {
    if (isRefusal(error)) return ''
    throw error
  }
}

/** What a user is answered who may not ask. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message)
}

/** What is wrong with a server. */
export function serverFindings(facts: ServerFacts): Finding[] {
  return [...versionFindings(facts), ...evictionFindings(facts), ...tornFileFindings(facts)]
}

/**
 * Throws SP_REDIS_SETTINGS where counts would be lost. What could not be read, or is a risk only, is left to `check`.
 */
export function refuseUnsafeServer(facts: ServerFacts): void {
  const worst = serverFindings(facts).find(({ severity }) => severity === 'error')
  if (worst === undefined) return
  throw new StormpetrelError(
    'SP_REDIS_SETTINGS',
    `redis ${facts.where}: ${worst.what}: ${worst.why}; ${worst.mend}`
  )
}

function versionFindings({ where, version }: ServerFacts): Finding[] {
  if (version === null) return [unreadable('its version', where)]
  if (Number.parseInt(version, 10) >= LEAST_MAJOR) return []
  return [
    {
      severity: 'error',
      what: `is version ${version}`,
      where,
      why: 'the scripts that count exactly once are tested on Redis 7.0 and newer only',
      mend: 'Update Redis to 7.0 or newer.',
      isMended: false
    }
  ]
}

function evictionFindings({ where, maxmemoryBytes, maxmemoryPolicy }: ServerFacts): Finding[] {
  if (maxmemoryPolicy === null) return [unreadable('maxmemory-policy', where)]
  if (maxmemoryPolicy === 'noeviction') return []
  const isLimited = maxmemoryBytes !== 0
  return [
    {
      severity: isLimited ? 'error' : 'warning',
      what: `maxmemory-policy is ${maxmemoryPolicy}${isLimited ? '' : ', without a maxmemory yet'}`,
      where,
      why: 'what Redis evicts is missing from the counts, and nobody notices',
      mend: 'Set maxmemory-policy to noeviction, and write it into redis.conf.',
      isMended: false
    }
  ]
}

/**
 * Redis 7 cuts a torn append-only file behind the last whole command, also where that is inside a transaction. It has not
 * carried that transaction out; what it appends later follows it in the file, and the start after that carries out both.
 * redis-check-aof cuts in front of the transaction.
 */
function tornFileFindings({ where, loadsTornFile }: ServerFacts): Finding[] {
  if (loadsTornFile === null) return [unreadableTornFile(where)]
  if (!loadsTornFile) return []
  return [
    {
      severity: 'error',
      what: 'aof-load-truncated is yes',
      where,
      why: 'after a power cut Redis would carry out a torn transaction at its second start, and packets would count twice',
      mend:
        'Set aof-load-truncated to no, in redis.conf too, and have redis-check-aof --fix run over the append-only file ' +
        'before Redis starts.',
      isMended: false
    }
  ]
}

function unreadableTornFile(where: string): Finding {
  return {
    severity: 'warning',
    what: 'aof-load-truncated could not be read',
    where,
    why: 'this user may not ask, and a Redis that goes on with a torn append-only file counts packets twice',
    mend: 'Allow this user CONFIG GET, or see that aof-load-truncated is no.',
    isMended: false
  }
}

function unreadable(what: string, where: string): Finding {
  return {
    severity: 'warning',
    what: `${what} could not be read`,
    where,
    why: 'this user may not ask, and a Redis that evicts, or is older than 7.0, loses counts',
    mend: 'Allow this user INFO, or see that Redis is 7.0 or newer with maxmemory-policy noeviction.',
    isMended: false
  }
}
