// What a live store needs from time to time: sketches of past windows become numbers, hours keep their busiest sensors.
// Every aggregator does it; doing it twice, or at once, changes nothing. It also looks whether the store still keeps
// what this aggregator counts.
import type { Log } from '../../adapters/log.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import { isCountedAlike, type StoreSettings } from '../../core/store/store-settings.ts'
import type { AggregatorCounters } from './metrics.ts'

/** What is kept in order, and whom to ask and tell. */
export interface HousekeepingOptions {
  readonly store: CountStore
  readonly counters: AggregatorCounters
  /** True while the store may know less than it did or will: what is closed then would miss what is read again. */
  readonly isBehind: () => boolean
  readonly log: Log
  /** Called where another aggregator has changed what is kept; the process must then exit. */
  readonly onFailure: (error: Error) => void
  /** Between two looks at the store; default a minute. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 60_000
/** An aggregator that is behind is asked again this often within an interval. */
const ASKS_AN_INTERVAL = 60

/** `start` begins the rounds; `stop` ends them after the one at hand. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  #settings: StoreSettings | null = null
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #isWorking = false
  #ticks = 0
  /** Whether sketches and hours are still to be tidied in this interval. */
  #isDue = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { store, intervalMs = INTERVAL_MS } = this.#options
    this.#settings = await store.settings()
    this.#timer = setInterval(() => this.#tick(), intervalMs / ASKS_AN_INTERVAL)
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await this.#work
  }

  /** A round that takes long is not followed by a queue of others. */
  #tick(): void {
    this.#ticks += 1
    const isRound = this.#ticks % ASKS_AN_INTERVAL === 0
    if (isRound) this.#isDue = true
    if (this.#isWorking) return
    if (isRound || (this.#isDue && !this.#options.isBehind())) this.#work = this.#round(isRound)
  }

  async #round(isLooking: boolean): Promise<void> {
    this.#isWorking = true
    try {
      if (isLooking) await this.#look()
      if (!this.#options.isBehind()) await this.#tidy()
    } catch (error) {
      // The next round does what this one could not.
      this.#isDue = false
      this.#options.log('warn', 'housekeeping did not finish', { error: String(error) })
    } finally {
      this.#isWorking = false
    }
  }

  async #look(): Promise<void> {
    const { store, counters, onFailure } = this.#options
    if (!isCountedAlike(await store.settings(), this.#settings!)) onFailure(changedByAnother())
    counters.lateSources = (await store.lateTotals()).lateSources
    counters.ledger = (await store.ledger()).sensors
  }

  async #tidy(): Promise<void> {
    const { store } = this.#options
    const watermark = await store.watermarkSeconds()
    if (watermark > 0) {
      await store.closeSketches(watermark)
      await store.trimSensorHours(watermark)
    }
    this.#isDue = false
  }
}

function changedByAnother(): StormpetrelError {
  return new StormpetrelError(
    'SP_STORE_LAYOUT',
    'another aggregator has changed the retentions or time zones that the store keeps; give all of them the same ' +
      '(STORMPETREL_DAY_TIME_ZONES, STORMPETREL_MINUTE_RETENTION_HOURS, STORMPETREL_HOUR_RETENTION_DAYS, ' +
      'STORMPETREL_DAY_RETENTION_DAYS) and start this one again'
  )
}
