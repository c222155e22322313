// Logs of windows are made shorter: while they grow, when much of them is said again and again; and once more, deflated,
// when their window is over.
import { PackedNumbersError } from '../../core/packed-numbers.ts'
import { SourceTable } from '../../core/sources/source-log.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import type { RedisConnection } from './connection.ts'
import { runScript } from './scripts.ts'
import { severalAtOnce } from './several-at-once.ts'
import { type SlotKeys, splitAtBar } from './slot-keys.ts'
import { deflatedFrame, identityOf, mergeStored, newLogId, plainFrame } from './stored-log.ts'

/** A log is rewritten when it has this many more bytes than twice what it had when it was rewritten last. */
const SLACK_BYTES = 64 * 1024
/** A log of so many bytes is on its way to what Redis holds in one key, 512 MiB: it is rewritten for less. */
const LARGE_BYTES = 128 * 1024 * 1024
/** Of a large log, so many new bytes a byte are enough. */
const LARGE_GROWTH = 1.25
/** So many logs are remembered; one that is forgotten is rewritten once more than it need be. */
const REMEMBERED_LOGS = 10_000
/** A window is over for this long before it is deflated: what comes late makes it be done again. */
export const SETTLED_SECONDS = 600

/** What a log adds up to. */
export type LogKind = 'counts' | 'sources'

/** A log, and how it is read. */
interface NamedLog {
  readonly key: string
  readonly kind: LogKind
}

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
  async hasGrown(log: NamedLog, sizeBytes: number): Promise<void> {
    const { key } = log
    const rewritten = this.#rewrittenBytes.get(key) ?? 0
    const factor = sizeBytes > LARGE_BYTES ? LARGE_GROWTH : 2
    if (sizeBytes <= factor * rewritten + SLACK_BYTES) return
    const shorter = await this.#rewrite(log, plainFrame, null)
    if (shorter === 0) return
    if (this.#rewrittenBytes.size >= REMEMBERED_LOGS) this.#rewrittenBytes.clear()
    this.#rewrittenBytes.set(key, shorter)
  }

  /** Deflates the logs of windows that ended some time before `pastSeconds`. */
  async settle(keys: SlotKeys, pastSeconds: number): Promise<void> {
    const { unwritten } = keys
    const past = await this.#redis.zrangebyscore(unwritten, '-inf', pastSeconds - SETTLED_SECONDS)
    await severalAtOnce(past, async (member) => {
      const [kind, window] = splitAtBar(member)
      const log: NamedLog =
        kind === 'counts'
          ? { key: keys.counts(window), kind: 'counts' }
          : { key: keys.sources(window), kind: 'sources' }
      await this.#rewrite(log, deflatedFrame, { list: unwritten, member })
      this.#rewrittenBytes.delete(log.key)
    })
  }

  /** Its bytes then; 0 where it was not rewritten. One that is forgotten, or closed, only leaves the list. */
  async #rewrite(
    log: NamedLog,
    frameOf: (log: Uint8Array) => Buffer,
    entry: { readonly list: string; readonly member: string } | null
  ): Promise<number> {
    const { key } = log
    const stored = await this.#redis.getBuffer(key)
    if (stored === null) {
      if (entry !== null)
        await runScript(this.#redis, 'replace-log', [key, entry.list], [0, '', '', entry.member])
      return 0
    }
    const shorter = this.#shorter(log, stored, frameOf)
    if (shorter === null) return 0
    const { sizeBytes, id } = identityOf(stored)
    const keys = entry === null ? [key] : [key, entry.list]
    const args = [sizeBytes, id, shorter, ...(entry === null ? [] : [entry.member])]
    return (await runScript(this.#redis, 'replace-log', keys, args)) === 1 ? shorter.length : 0
  }

  /** Null where it cannot be read, which is told. */
  #shorter({ key, kind }: NamedLog, stored: Buffer, frameOf: (log: Uint8Array) => Buffer): Buffer | null {
    const table = kind === 'sources' ? new SourceTable() : new CountTable()
    try {
      mergeStored(stored, table)
    } catch (error) {
      if (!(error instanceof PackedNumbersError)) throw error
      this.#onUnreadable(key, error)
      return null
    }
    return Buffer.concat([newLogId(), frameOf(table.toLog())])
  }
}
