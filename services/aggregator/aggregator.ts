// The aggregator: reads packets.enriched and has the store count it, each name once, whatever dies on the way.
// Records wait here until the store has answered; the order of a flush is in count-flush.ts.
import type { Log } from '../../adapters/log.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { Bus, BusRecord, ConsumeOutcome, PartitionHandler, Subscription } from '../../core/bus.ts'
import { type ErrorCode, StormpetrelError } from '../../core/errors.ts'
import type { CountStore, OffsetSpan } from '../../core/store/count-store.ts'
import { CountFlush, type FlushOutcome } from './count-flush.ts'
import { ENRICHED, flushContents, type PartitionRecords } from './flush-contents.ts'
import type { AggregatorCounters } from './metrics.ts'

/** What an aggregator reads from and counts into, and when it flushes. */
export interface AggregatorOptions {
  readonly bus: Bus
  readonly group: string
  readonly store: CountStore
  /** At most this long between two flushes while records wait. */
  readonly flushIntervalMs: number
  /** A flush starts at once when this many packets wait. */
  readonly flushPackets: number
  readonly counters: AggregatorCounters
  readonly nowMs: () => number
  readonly log: Log
  readonly onFailure: (error: Error) => void
}

interface Waiting extends PartitionRecords {
  readonly resolve: (outcome: ConsumeOutcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * What may pass: a store or a bus that does not answer, or a full store. Anything else is a mistake, and ends the
 * service.
 */
function isPassing(error: unknown): error is StormpetrelError {
  return error instanceof StormpetrelError && PASSING.has(error.code)
}

const PASSING: ReadonlySet<ErrorCode> = new Set(['SP_REDIS', 'SP_REDIS_FULL', 'SP_KAFKA'])

/** How often every slot is asked whether it still knows what it knew, with records or without. */
const IDLE_FLUSH_MS = 1000
/** Least time between two flushes: a trickle of records does not become a stream of scripts. */
const FULL_FLUSH_MS = 25
const RETRY_MS = 500

/** Holds partitions of packets.enriched, and starts a flush when it is time. */
export class Aggregator implements PartitionHandler<EnrichedBatch> {
  readonly #options: AggregatorOptions
  readonly #flush: CountFlush
  readonly #waiting = new Map<number, Waiting>()
  /** Next offset of each partition held. */
  readonly #next = new Map<number, number>()
  #waitingPackets = 0
  #lastFlushMs = 0
  #subscription: Subscription | null = null
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  /** Why records that were in hand are not counted. */
  #undone: { readonly error: unknown } | null = null
  #isStopping = false
  #isStopped = false

  constructor(options: AggregatorOptions) {
    this.#options = options
    this.#flush = new CountFlush(options)
  }

  async start(): Promise<void> {
    const { bus, group, onFailure } = this.#options
    this.#subscription = await bus.subscribe('packets.enriched', group, this, onFailure)
    this.#schedule()
  }

  /**
   * Ends after the records in hand are counted. Rejects where the store or the bus does not answer for them: they are
   * read again at the next start.
   */
  async stop(): Promise<void> {
    this.#isStopping = true
    // The subscription ends when its records are safe, so flushes go on until then.
    await this.#subscription?.stop()
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#running
    if (this.#undone !== null) throw this.#undone.error
  }

  lagRecords(): number {
    return this.#subscription?.lagRecords() ?? 0
  }

  async assigned(partition: number): Promise<number> {
    const offset = await this.#untilAnswered(() => this.#options.store.nextOffset(ENRICHED, partition))
    this.#flush.forgetSent()
    this.#next.set(partition, offset)
    return offset
  }

  /**
   * Records that were deleted before they were counted are lost: the store goes on behind them, and an operator must
   * know.
   */
  async begins(partition: number, offset: number, wanted: number): Promise<void> {
    const lost = { topic: ENRICHED, partition, from: wanted, to: offset }
    this.#options.log('error', 'records were deleted before they were counted', lost)
    this.#options.counters.lostRecords += offset - wanted
    await this.#untilAnswered(() => this.#options.store.trim(ENRICHED, partition, offset))
    if (this.#next.has(partition)) this.#next.set(partition, offset)
  }

  revoked(partition: number): void {
    this.#next.delete(partition)
    this.#flush.forgetSent()
  }

  records(partition: number, records: readonly BusRecord<EnrichedBatch>[]): Promise<ConsumeOutcome> {
    return new Promise((resolve, reject) => {
      const first = records[0]!.offset
      const from = Math.min(first, this.#next.get(partition) ?? first)
      this.#waiting.set(partition, { partition, from, records, resolve, reject })
      for (const { delivered } of records) {
        if (delivered.kind === 'value') this.#waitingPackets += delivered.value.packets.length
      }
      this.#schedule()
    })
  }

  /** Starts a flush now or later; one at a time. */
  #schedule(): void {
    if (this.#isStopped || this.#running !== null) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    const { flushPackets, nowMs, onFailure } = this.#options
    const gapMs = this.#gapMs()
    const dueMs = this.#lastFlushMs + gapMs
    // A clock that is set back must not hold up a flush.
    const waitMs = this.#waitingPackets >= flushPackets ? 0 : Math.min(gapMs, Math.max(0, dueMs - nowMs()))
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
        .catch((error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))))
        .finally(() => {
          this.#running = null
          this.#schedule()
        })
    }, waitMs)
  }

  /** How long after the last flush the next one is due. */
  #gapMs(): number {
    if (this.#waiting.size === 0) return IDLE_FLUSH_MS
    // Where every partition waits, nothing more can come: the bus fetches again when they are answered.
    const isAllWaiting = this.#waiting.size >= this.#next.size
    return isAllWaiting
      ? Math.min(FULL_FLUSH_MS, this.#options.flushIntervalMs)
      : this.#options.flushIntervalMs
  }

  /** One flush, tried until the store answers: nothing is given up, the partitions wait. */
  async #run(): Promise<void> {
    const taken = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#waitingPackets = 0
    this.#lastFlushMs = this.#options.nowMs()
    const contents = flushContents(taken, this.#idleSpans(taken), this.#options.counters)
    try {
      const outcome = await this.#untilAnswered(() => this.#flush.run(contents))
      this.#options.counters.isStoreFull = false
      this.#finish(taken, outcome)
    } catch (error) {
      if (taken.length > 0) this.#undone ??= { error }
      for (const { reject } of taken) reject(error)
      throw error
    }
  }

  /**
   * Tries again while the store or the bus does not answer. Told to end, nobody waits for them: what was not counted
   * is read again at the next start.
   */
  async #untilAnswered<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action()
      } catch (error) {
        this.#flush.forgetSent()
        if (!isPassing(error) || this.#isStopping) throw error
        this.#options.counters.storeErrors += 1
        this.#subscription?.stillWaiting()
        this.#logError(error)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  /** A full store is one line however long it lasts: it is an operator's to mend. */
  #logError(error: StormpetrelError): void {
    const { counters, log } = this.#options
    if (error.code !== 'SP_REDIS_FULL') {
      log('warn', 'store or bus did not answer; trying again', { error: String(error) })
      return
    }
    if (!counters.isStoreFull) log('error', 'store is full; waiting for memory', { error: error.message })
    counters.isStoreFull = true
  }

  /** Held partitions without records: asked too, so that a store that lost data is noticed within a second. */
  #idleSpans(taken: readonly Waiting[]): OffsetSpan[] {
    const busy = new Set(taken.map(({ partition }) => partition))
    return [...this.#next]
      .filter(([partition]) => !busy.has(partition))
      .map(([partition, offset]) => ({ topic: ENRICHED, partition, from: offset, to: offset }))
  }

  #finish(taken: readonly Waiting[], outcome: FlushOutcome): void {
    if (outcome.kind === 'counted') {
      for (const waiting of taken) {
        const nextOffset = waiting.records.at(-1)!.offset + 1
        if (this.#next.has(waiting.partition)) this.#next.set(waiting.partition, nextOffset)
        waiting.resolve({ kind: 'commit', nextOffset })
      }
      return
    }
    // The store may know less than it did: every partition goes back to what all slots still know.
    this.#tellRewind(outcome.offsets)
    this.#flush.forgetSent()
    for (const [partition, offset] of outcome.offsets) {
      if (this.#next.has(partition)) this.#next.set(partition, offset)
      const waiting = taken.find((each) => each.partition === partition)
      if (waiting !== undefined) waiting.resolve({ kind: 'seek', offset })
      else this.#subscription?.seek(partition, offset)
    }
  }

  /** Where an answer was lost, what it said is not known, and reading again from where we are is the safe way. */
  #tellRewind(offsets: ReadonlyMap<number, number>): void {
    const { counters, log } = this.#options
    const isLoss = [...offsets].some(([partition, offset]) => offset < (this.#next.get(partition) ?? offset))
    counters.rewinds += 1
    if (!isLoss) counters.rewindsInDoubt += 1
    const message = isLoss
      ? 'store lost data; reading again'
      : 'store lost an answer; reading what was in hand again'
    log(isLoss ? 'warn' : 'info', message, { offsets: [...offsets] })
  }
}
