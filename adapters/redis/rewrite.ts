// Logs of windows are made shorter: while they grow, when much of them is said again and again; and once more, deflated,
// when their window is over.
import { PackedNumbersError } from '../../core/packed-numbers.ts'
import { SourceTable } from '../../core/sources/source-log.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import type { RedisConnection } from './connection.ts'
import { runScript } from './scripts.ts'
import { type SlotKeys, splitAtBar } from './slot-keys.ts'
import { deflatedFrame, identityOf, mergeStored, newLogId, plainFrame } from './stored-log.ts'

/** A log is rewritten when it has this many more bytes than twice what it had when it was rewritten last. */
const SLACK_BYTES = 64 * 1024
/** So many logs are remembered; one that is forgotten is rewritten once more than it need be. */
const REMEMBERED_LOGS = 10_000
/** A window is over for this long before it is deflated: what comes late makes it be done again. */
const SETTLED_SECONDS = 600

/** Rewrites the logs of one connection's store. Any log may be rewritten at any time, by several at once. */
export class LogRewriter {
  readonly #redis: RedisConnection
  readonly #onUnreadable: (key: string, error: unknown) => void
  readonly #rewrittenBytes = new Map<string, number>()

  constructor(redis: RedisConnection, onUnreadable: (key: string, error: unknown) => void) {
    this.#redis = redis
    this.#onUnreadable = onUnreadable
  }

  /** Call it when a log has become so long: it is rewritten where that is much. */
  async hasGrown(key: string, sizeBytes: number): Promise<void> {
    if (sizeBytes <= 2 * (this.#rewrittenBytes.get(key) ?? 0) + SLACK_BYTES) return
    const shorter = await this.#rewrite(key, plainFrame, null)
    if (shorter === 0) return
    if (this.#rewrittenBytes.size >= REMEMBERED_LOGS) this.#rewrittenBytes.clear()
    this.#rewrittenBytes.set(key, shorter)
  }

  /** Deflates the logs of windows that ended some time before `pastSeconds`. */
  async settle(keys: SlotKeys, pastSeconds: number): Promise<void> {
    const { unwritten } = keys
    for (const member of await this.#redis.zrangebyscore(unwritten, '-inf', pastSeconds - SETTLED_SECONDS)) {
      const [kind, window] = splitAtBar(member)
      const key = kind === 'counts' ? keys.counts(window) : keys.sources(window)
      const isDone = (await this.#rewrite(key, deflatedFrame, { list: unwritten, member })) > 0
      // One that is forgotten, or closed, has nothing to be rewritten.
      if (!isDone && (await this.#redis.exists(key)) === 0) await this.#redis.zrem(unwritten, member)
      this.#rewrittenBytes.delete(key)
    }
  }

  /** Its bytes then; 0 where it was not rewritten. */
  async #rewrite(
    key: string,
    frameOf: (log: Uint8Array) => Buffer,
    entry: { readonly list: string; readonly member: string } | null
  ): Promise<number> {
    const stored = await this.#redis.getBuffer(key)
    if (stored === null) return 0
    const table = key.includes('}:sources|') ? new SourceTable() : new CountTable()
    try {
      mergeStored(stored, table)
    } catch (error) {
      if (!(error instanceof PackedNumbersError)) throw error
      this.#onUnreadable(key, error)
      return 0
    }
    const shorter = Buffer.concat([newLogId(), frameOf(table.toLog())])
    const { sizeBytes, id } = identityOf(stored)
    const keys = entry === null ? [key] : [key, entry.list]
    const args = [sizeBytes, id, shorter, ...(entry === null ? [] : [entry.member])]
    return (await runScript(this.#redis, 'replace-log', keys, args)) === 1 ? shorter.length : 0
  }
}
