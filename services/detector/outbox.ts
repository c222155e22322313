// Sends what is saved and not sent yet, beside the judging: a broker that is away holds up no hour.
import type { Log } from '../../adapters/log.ts'
import type { Bus } from '../../core/bus.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import type { SurgeStore } from '../../core/surges/surge-store.ts'
import { isPassing } from './passing.ts'
import type { DetectorCounters } from './metrics.ts'
import { changesAtEnd } from './topic-end.ts'

/** How much of the topic is looked at beside what waits to be sent. */
const RECENT_CHANGES = 64

/** Whom it tells, and where that is noted. */
export interface OutboxOptions {
  readonly surges: SurgeStore
  readonly bus: Bus
  /** Consumer group for reading the topic's end. */
  readonly group: string
  readonly counters: DetectorCounters
  readonly log: Log
  /** Called for what does not pass. */
  readonly onFailure: (error: unknown) => void
}

/** Changes in the order in which they were saved. At least once: whoever dies in between sends the same ids again. */
export class Outbox {
  readonly #options: OutboxOptions
  #lease = 0
  #waiting = new Map<string, SurgeChange>()
  /** Whether it is known which of those that wait the topic holds already. */
  #isTopicRead = false
  #sending: Promise<void> | null = null

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Begins with what the store's outbox holds: some of it may have been sent. */
  begin(lease: number, waiting: readonly SurgeChange[]): void {
    this.#lease = lease
    this.#waiting = new Map(waiting.map((change) => [change.id, change]))
    this.#isTopicRead = false
    this.#count()
  }

  /** Takes what was saved just now. */
  add(changes: readonly SurgeChange[]): void {
    for (const change of changes) this.#waiting.set(change.id, change)
    this.#count()
  }

  /** Sends what waits, unless that is under way. What fails is tried at the next call. */
  send(): void {
    if (this.#sending !== null || this.#waiting.size === 0) return
    this.#sending = this.#sendAll()
      .catch((error: unknown) => this.#takeError(error))
      .finally(() => {
        this.#sending = null
      })
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#sending
  }

  async #sendAll(): Promise<void> {
    const { bus, surges, counters } = this.#options
    while (this.#waiting.size > 0) {
      const lease = this.#lease
      if (!this.#isTopicRead) await this.#leaveOutSent(lease)
      const changes = [...this.#waiting.values()]
      if (changes.length === 0 || lease !== this.#lease) continue
      await bus.publish('surges', 0, changes)
      counters.sentChanges += changes.length
      // Another one has the lease: what waits is its to send.
      if (!(await surges.sent(lease, changes))) return
      this.#take(changes)
    }
  }

  async #leaveOutSent(lease: number): Promise<void> {
    const { bus, group, surges } = this.#options
    const newest = await changesAtEnd(bus, group, this.#waiting.size + RECENT_CHANGES)
    const sent = newest.flatMap(({ id }) => this.#waiting.get(id) ?? [])
    await surges.sent(lease, sent)
    this.#take(sent)
    this.#isTopicRead = true
  }

  #take(changes: readonly SurgeChange[]): void {
    for (const { id } of changes) this.#waiting.delete(id)
    this.#count()
  }

  #takeError(error: unknown): void {
    const { counters, log, onFailure } = this.#options
    // What was sent and not answered is on the topic.
    this.#isTopicRead = false
    if (!isPassing(error)) {
      onFailure(error)
      return
    }
    counters.failedRounds += 1
    log('warn', 'the detector could not send what it has to tell; trying again', { error: error.message })
  }

  #count(): void {
    this.#options.counters.waitingChanges = this.#waiting.size
  }
}
