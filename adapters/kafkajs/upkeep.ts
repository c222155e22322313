// What a consumer does beside reading, every second: it watches that brokers and handler go on, commits again what
// could not be committed, and looks where the logs end.
import type { Admin, Consumer } from 'kafkajs'
import type { Log } from '../log.ts'
import { messageOf } from './connection.ts'
import type { HeldPartition, HeldPartitions } from './held-partition.ts'
import { fetchLogBounds } from './log-bounds.ts'

/** What the upkeep of one consumer works with. */
export interface UpkeepParts {
  readonly admin: Admin
  readonly consumer: Consumer
  readonly topic: string
  readonly held: HeldPartitions
  readonly log: Log
  /**
   * A consumer to which the brokers have not answered for longer is silent, and so is one that goes on nowhere in a
   * partition with something to read for STILL_FACTOR times as long.
   */
  readonly patienceMs: number
  /** Called with what is missing, again every second until `stop`. */
  readonly onSilence: (what: string) => void
}

const TICK_MS = 1000
/** A handler may try for `patienceMs` itself, and says then what is wrong better than we know it. */
const STILL_FACTOR = 2
const LOG_ENDS_EVERY_TICKS = 5

/** `start` begins to look after a consumer every second; `stop` ends that. */
export class Upkeep {
  readonly #parts: UpkeepParts
  #lastLifeMs = 0
  #ticks = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: UpkeepParts) {
    this.#parts = parts
  }

  start(): void {
    this.showLife()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The brokers have answered this consumer: it is a member of its group. */
  showLife(): void {
    this.#lastLifeMs = performance.now()
  }

  get isSilent(): boolean {
    return this.#silentMs > this.#parts.patienceMs
  }

  get #silentMs(): number {
    return performance.now() - this.#lastLifeMs
  }

  #tick(): void {
    const { held: partitions, patienceMs, onSilence } = this.#parts
    if (this.isSilent) {
      onSilence(`no sign of life for ${Math.round(this.#silentMs / 1000)} s`)
      return
    }
    const stuck = partitions.standingStill(STILL_FACTOR * patienceMs)
    if (stuck !== undefined) {
      onSilence(
        `partition ${stuck.partition} is not read on for ${(STILL_FACTOR * patienceMs) / 1000} s, ` +
          `${stuck.lagRecords} records behind`
      )
      return
    }
    for (const held of partitions) this.#commitAgain(held)
    this.#ticks += 1
    if (this.#ticks % LOG_ENDS_EVERY_TICKS === 0) void this.#updateLogEnds()
  }

  #commitAgain(held: HeldPartition): void {
    const { partition, uncommitted } = held
    if (uncommitted === null) return
    const { consumer, topic, log } = this.#parts
    held.uncommitted = null
    consumer.commitOffsets([{ topic, partition, offset: String(uncommitted) }]).catch((error: unknown) => {
      held.uncommitted ??= uncommitted
      log('debug', 'kafka commit failed again', { topic, partition, error: messageOf(error) })
    })
  }

  /** A partition whose handler is slow brings no fetches, and still falls behind. */
  async #updateLogEnds(): Promise<void> {
    const { admin, topic, held, log } = this.#parts
    try {
      const bounds = await fetchLogBounds(admin, topic)
      for (const each of held) each.logEnd = Math.max(each.logEnd, bounds[each.partition]?.end ?? 0)
    } catch (error) {
      log('debug', 'log ends not known', { topic, error: messageOf(error) })
    }
  }
}
