// The runs of a deployment: one hash, run id to settings. The counts of a run lie under its own namespace.
import { StormpetrelError } from '../core/errors.ts'
import { formatRunSettings, type Run, type RunSettings } from '../core/store/run-settings.ts'
import { endConnection, makeConnection, orRedisError, type RedisConnection } from './redis/connection.ts'

const COMMAND_TIMEOUT_MS = 30_000

/** Every method throws SP_REDIS where Redis cannot be reached or refuses. */
export class RedisRunList {
  readonly #redis: RedisConnection
  readonly #key: string

  /** `key` is where the list lies. */
  constructor(url: string, key: string) {
    this.#key = key
    this.#redis = makeConnection(url, COMMAND_TIMEOUT_MS)
  }

  async start(): Promise<void> {
    await orRedisError(this.#redis, 'connect', () => this.#redis.connect())
  }

  async stop(): Promise<void> {
    await endConnection(this.#redis)
  }

  /** Makes the run, or checks that it was made with the same settings. Throws SP_RUN, naming both, where not. */
  async open(id: string, settings: RunSettings, nowMs: number): Promise<void> {
    await orRedisError(this.#redis, 'open run', async () => {
      await this.#redis.hsetnx(this.#key, id, JSON.stringify({ id, createdMs: nowMs, settings }))
    })
    const run = await this.find(id)
    if (run === null) throw missing(id)
    if (formatRunSettings(run.settings) === formatRunSettings(settings)) return
    throw new StormpetrelError(
      'SP_RUN',
      `run ${id} was made with ${formatRunSettings(run.settings)}, now asked with ${formatRunSettings(settings)}; ` +
        'use the same settings, or another run'
    )
  }

  /** The run, or null where there is none of this id. */
  async find(id: string): Promise<Run | null> {
    const text = await orRedisError(this.#redis, 'find run', () => this.#redis.hget(this.#key, id))
    return text === null ? null : (JSON.parse(text) as Run)
  }

  /** The run. Throws SP_RUN where there is none of this id. */
  async get(id: string): Promise<Run> {
    const run = await this.find(id)
    if (run === null) throw missing(id)
    return run
  }

  /** All runs, the oldest first. */
  async list(): Promise<Run[]> {
    const texts = await orRedisError(this.#redis, 'list runs', () => this.#redis.hvals(this.#key))
    const runs = texts.map((text) => JSON.parse(text) as Run)
    return runs.sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1))
  }

  /** Takes the run off the list; its counts and topics are the caller's to delete first. */
  async remove(id: string): Promise<void> {
    await orRedisError(this.#redis, 'remove run', () => this.#redis.hdel(this.#key, id))
  }
}

function missing(id: string): StormpetrelError {
  return new StormpetrelError('SP_RUN', `there is no run ${id}; 'stormpetrel runs' lists them`)
}
