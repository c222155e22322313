// What a detector keeps, in Redis: everything of one namespace lies in one slot of a cluster.
import { randomUUID } from 'node:crypto'
import { StormpetrelError } from '../core/errors.ts'
import type { SurgeChange } from '../core/surges/surge-change.ts'
import type { JudgedHour, SavedDetector, SurgeStore } from '../core/surges/surge-store.ts'
import {
  addressOf,
  endConnection,
  makeConnection,
  orRedisError,
  type RedisConnection
} from './redis/connection.ts'
import { loadScripts, runScript } from './redis/scripts.ts'
import { deflated, inflated } from './redis/stored-log.ts'

const COMMAND_TIMEOUT_MS = 30_000
/** Surges that are over are listed for so long: two quarters, and the report's time to print them. */
const KEPT_SECONDS = 400 * 86_400
const LARGEST_PART_BYTES = 2 ** 26

/** A SurgeStore on Redis, beside the counts of the same namespace. */
export class RedisSurgeStore implements SurgeStore {
  readonly #redis: RedisConnection
  readonly #prefix: string
  /** Who asked for the lease last. */
  #holder = ''
  /** Of the state that was loaded or saved last; '' where there was none. */
  #stamp = ''

  constructor(url: string, namespace: string) {
    this.#redis = makeConnection(url, COMMAND_TIMEOUT_MS)
    this.#prefix = `${namespace}:{surges}:`
  }

  async start(): Promise<void> {
    await orRedisError(this.#redis, 'connect', async () => {
      await this.#redis.connect()
      await loadScripts(this.#redis)
    })
  }

  async stop(): Promise<void> {
    await endConnection(this.#redis)
  }

  async lease(holder: string, forMs: number): Promise<number | null> {
    this.#holder = holder
    const number = await this.#run('lease', () =>
      runScript(this.#redis, 'surge-lease', [this.#key('lease')], [holder, forMs])
    )
    return number === 0 ? null : Number(number)
  }

  async release(lease: number): Promise<void> {
    await this.#run('release', () =>
      runScript(this.#redis, 'surge-lease', [this.#key('lease')], ['release', lease])
    )
  }

  async load(): Promise<SavedDetector | null> {
    return await this.#run('load', async () => {
      const fields = ['hour', 'prefix', 'parts', 'stamp'] as const
      const [hour, prefix, parts, stamp] = await this.#redis.hmget(this.#key('state'), ...fields)
      const outbox = await this.#redis.lrange(this.#key('outbox'), 0, -1)
      this.#stamp = stamp ?? ''
      const waiting = outbox.map((text) => JSON.parse(text) as SurgeChange)
      if (hour == null || prefix == null)
        return waiting.length === 0 ? null : { judgedUpToSeconds: 0, parts: null, outbox: waiting }
      const keys = partKeys(prefix, Number(parts))
      const stored = keys.length === 0 ? [] : await this.#redis.mgetBuffer(keys)
      return {
        judgedUpToSeconds: Number(hour),
        parts: stored.map((part, index) => {
          if (part === null) throw this.#missing(keys[index]!)
          return inflated(part, LARGEST_PART_BYTES)
        }),
        outbox: waiting
      }
    })
  }

  async judgedUpToSeconds(): Promise<number | null> {
    return await this.#run('judged hour', async () => {
      const hour = await this.#redis.hget(this.#key('state'), 'hour')
      return hour === null ? null : Number(hour)
    })
  }

  async save(lease: number, { judgedUpToSeconds, parts, changes }: JudgedHour): Promise<boolean> {
    return await this.#run('save', async () => {
      const old = parts === null ? [] : await this.#redis.smembers(this.#key('parts'))
      const stamp = randomUUID()
      const prefix = parts === null ? '' : this.#key(`part|${judgedUpToSeconds}|${stamp}|`)
      const keys = partKeys(prefix, parts?.length ?? 0)
      // Noted before they are there: whoever saves next takes away what was never used.
      if (keys.length > 0) await this.#redis.sadd(this.#key('parts'), ...keys)
      for (const [index, key] of keys.entries()) await this.#redis.set(key, deflated(parts![index]!))
      const saved = await runScript(
        this.#redis,
        'surge-save',
        [...['lease', 'state', 'outbox', 'surges', 'ends', 'parts'].map((name) => this.#key(name)), ...old],
        [
          lease,
          this.#holder,
          this.#stamp,
          stamp,
          judgedUpToSeconds,
          prefix,
          keys.length,
          Math.max(0, judgedUpToSeconds - KEPT_SECONDS),
          ...changes.flatMap((change) => [change.surge, change.closedSeconds ?? '', JSON.stringify(change)])
        ]
      )
      if (saved === 1) this.#stamp = stamp
      else if (keys.length > 0) await this.#redis.unlink(keys)
      return saved === 1
    })
  }

  async sent(lease: number, changes: readonly SurgeChange[]): Promise<boolean> {
    if (changes.length === 0) return true
    const keys = [this.#key('lease'), this.#key('outbox')]
    const args = [lease, this.#holder, ...changes.map((change) => JSON.stringify(change))]
    return await this.#run('sent', async () => (await runScript(this.#redis, 'surge-sent', keys, args)) === 1)
  }

  async forget(): Promise<boolean> {
    return await this.#run('forget', async () => {
      const parts = await this.#redis.smembers(this.#key('parts'))
      const keys = [...['lease', 'state', 'parts'].map((name) => this.#key(name)), ...parts]
      return (await runScript(this.#redis, 'surge-forget', keys, [])) === 1
    })
  }

  async surges(): Promise<SurgeChange[]> {
    return await this.#run('surges', async () => {
      const changes = await this.#redis.hvals(this.#key('surges'))
      return changes.map((text) => JSON.parse(text) as SurgeChange)
    })
  }

  #key(name: string): string {
    return `${this.#prefix}${name}`
  }

  #run<T>(what: string, action: () => Promise<T>): Promise<T> {
    return orRedisError(this.#redis, `surges: ${what}`, action)
  }

  #missing(key: string): StormpetrelError {
    return new StormpetrelError(
      'SP_STORE_REFUSED',
      `redis ${addressOf(this.#redis)}: ${key} is missing, a part of the detector's state: Redis lost it, or somebody ` +
        `else took it away; delete the keys under ${this.#prefix} to have the detector learn anew from the counts`
    )
  }
}

function partKeys(prefix: string, parts: number): string[] {
  return Array.from({ length: parts }, (_, part) => `${prefix}${part}`)
}
