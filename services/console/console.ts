// The page of `up`: what came in since the start, as a web page and as JSON.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../adapters/package-root.ts'
import { type BatchName, laneKey } from '../../core/batch/name.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { Bus, BusRecord, ConsumeOutcome, PartitionHandler, Subscription } from '../../core/bus.ts'
import { LiveSummary } from '../../core/windows/live-summary.ts'
import { respond, type Route } from '../http/http-server.ts'

/** What `/api/summary` says beside the counts. */
export interface ConsoleState {
  /** One sentence: what is being played or read. */
  readonly what: string
  /** Sentences on what is missing, such as the ASN database. */
  readonly notes: readonly string[]
}

/** What the page is fed from. */
export interface ConsoleOptions {
  readonly bus: Bus
  readonly state: () => ConsoleState
  readonly nowMs: () => number
  readonly onFailure: (error: Error) => void
}

const TOP_ROWS = 10
/** Packets a second are the mean over so many whole seconds before the one that is not over. */
const RATE_SECONDS = 5
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'"

/** Lanes whose newest number is known; the one that was silent longest is forgotten first. */
const MAX_LANES = 10_000

/** Reads packets.enriched beside the aggregator, and shows each name once: a lane is in order. */
export class Console implements PartitionHandler<EnrichedBatch> {
  readonly #options: ConsoleOptions
  readonly #summary = new LiveSummary()
  /** Packets by second of the clock, for the newest RATE_SECONDS and the one that is not over. */
  readonly #recent = new Map<number, number>()
  /** The highest batch number of each lane, the lane that was heard last at the end. */
  readonly #numbers = new Map<string, number>()
  #subscription: Subscription | null = null

  constructor(options: ConsoleOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { bus, onFailure } = this.#options
    this.#subscription = await bus.subscribe('packets.enriched', 'console', this, onFailure)
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop()
  }

  /** Batches that wait to be shown. */
  lagRecords(): number {
    return this.#subscription?.lagRecords() ?? 0
  }

  assigned(_partition: number): Promise<'committed'> {
    return Promise.resolve('committed')
  }

  begins(_partition: number, _offset: number, _wanted: number): Promise<void> {
    // The page shows what came in; the aggregator counts what was lost.
    return Promise.resolve()
  }

  revoked(_partition: number): void {
    // Nothing is held for a partition between two calls.
  }

  records(_partition: number, records: readonly BusRecord<EnrichedBatch>[]): Promise<ConsumeOutcome> {
    const second = Math.floor(this.#options.nowMs() / 1000)
    for (const { delivered } of records) {
      if (delivered.kind !== 'value' || !this.#isNew(delivered.value.name)) continue
      this.#summary.add(delivered.value)
      this.#recent.set(second, (this.#recent.get(second) ?? 0) + delivered.value.packets.length)
    }
    return Promise.resolve({ kind: 'commit', nextOffset: records.at(-1)!.offset + 1 })
  }

  /** The page's routes; read from disk once, at the start. */
  async routes(): Promise<Record<string, Route>> {
    const folder = join(packageRoot(), 'services', 'console')
    const page = await readFile(join(folder, 'page.html'), 'utf8')
    const script = await readFile(join(folder, 'page.js'), 'utf8')
    return {
      '/': (_request, response) => {
        response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY)
        respond(response, 200, 'text/html; charset=utf-8', page)
      },
      '/page.js': (_request, response) => respond(response, 200, 'text/javascript; charset=utf-8', script),
      '/api/summary': (_request, response) => {
        const body = {
          ...this.#options.state(),
          packetsPerSecond: this.#packetsPerSecond(),
          ...this.#summary.summary(TOP_ROWS)
        }
        respond(response, 200, 'application/json', `${JSON.stringify(body)}\n`)
      }
    }
  }

  /** False for a name that was there before. */
  #isNew(name: BatchName): boolean {
    const lane = laneKey(name)
    const newest = this.#numbers.get(lane) ?? 0
    this.#numbers.delete(lane)
    this.#numbers.set(lane, Math.max(newest, name.number))
    if (this.#numbers.size > MAX_LANES) this.#numbers.delete(this.#numbers.keys().next().value!)
    return name.number > newest
  }

  #packetsPerSecond(): number {
    const now = Math.floor(this.#options.nowMs() / 1000)
    let packets = 0
    for (const [second, count] of this.#recent) {
      if (second < now - RATE_SECONDS) this.#recent.delete(second)
      else if (second < now) packets += count
    }
    return packets / RATE_SECONDS
  }
}
