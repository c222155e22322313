import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { loadScripts } from '../../../adapters/redis/scripts.ts'
import { type SlotKeys, slotKeys } from '../../../adapters/redis/slot-keys.ts'
import { sharedRedis } from '../../stack/shared-stack.ts'

/** One slot of a namespace that no other test has, with the connection that scripts are run on. */
export class SlotBench {
  readonly redis: Redis
  readonly namespace = `test:${randomUUID()}`
  readonly keys: SlotKeys = slotKeys(this.namespace, 0)

  private constructor(redis: Redis) {
    this.redis = redis
  }

  static async open(): Promise<SlotBench> {
    const redis = new Redis(await sharedRedis())
    await loadScripts(redis)
    return new SlotBench(redis)
  }

  /** All that the slot holds: every key with its end and its value as Redis would write it to disk. */
  async state(): Promise<Record<string, string>> {
    const state: Record<string, string> = {}
    for (const key of await this.#names()) {
      const value = await this.redis.dumpBuffer(key)
      state[key] = `${await this.redis.expiretime(key)} ${value?.toString('base64')}`
    }
    return state
  }

  async clear(): Promise<void> {
    const names = await this.#names()
    if (names.length > 0) await this.redis.unlink(names)
  }

  async close(): Promise<void> {
    await this.clear()
    await this.redis.quit()
  }

  async #names(): Promise<string[]> {
    const names: string[] = []
    for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
      const [next, found] = await this.redis.scan(cursor, 'MATCH', `${this.namespace}:*`, 'COUNT', 1000)
      names.push(...found)
      cursor = next
    }
    return [...new Set(names)].sort()
  }
}
