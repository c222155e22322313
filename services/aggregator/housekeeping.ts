// What a store needs from time to time: what was counted goes to its windows; in a live one sources of past windows become
// numbers, and hours keep their busiest sensors. Every aggregator does it; doing it twice, or at once, changes nothing. It
// also looks whether the store still keeps what this aggregator counts.
import type { Log } from '../../adapters/log.ts'
import type { Bus } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import { isCountedAlike, type StoreSettings } from '../../core/store/store-settings.ts'
import { ENRICHED } from './flush-contents.ts'
import type { AggregatorCounters } from './metrics.ts'

/** What is kept in order, and whom to ask and tell. */
export interface HousekeepingOptions {
  readonly store: CountStore
  readonly bus: Bus
  /** A run closes nothing, so that captures of any age and order count in full. */
  readonly isLive: boolean
  readonly counters: AggregatorCounters
  readonly log: Log
  /** Called where another aggregator has changed what is kept; the process must then exit. */
  readonly onFailure: (error: Error) => void
  /** Between two looks at the store; default a minute. */
  readonly intervalMs?: number
  /** Default Date.now. */
  readonly nowMs?: () => number
}

const INTERVAL_MS = 60_000
/** A store that is behind is asked again this often within an interval. */
const ASKS_AN_INTERVAL = 60
/** What was counted goes to its windows every tenth of these. */
const ASKS_A_ROLL = 10
/** What a sensor may send for a minute after its end without making it be rolled again. */
const LATE_SECONDS = 30

/** `start` begins the rounds; `stop` ends them after the one at hand. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  #settings: StoreSettings | null = null
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> = Promise.resolve()
  #isWorking = false
  #ticks = 0
  /** What was due while a round was at work is done by the next one. */
  #isLookDue = false
  #isRollDue = false
  /** Where the topic ended when this interval began, while sources and hours are still to be tidied in it. */
  #endsToCount: readonly number[] | null = null

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
    this.#isLookDue ||= this.#ticks % ASKS_AN_INTERVAL === 0
    this.#isRollDue ||= this.#ticks % ASKS_A_ROLL === 0
    if (this.#isWorking) return
    if (this.#isLookDue || this.#isRollDue || this.#endsToCount !== null) this.#work = this.#round()
  }

  async #round(): Promise<void> {
    const { isLive, log } = this.#options
    const [isLooking, isRolling] = [this.#isLookDue, this.#isRollDue]
    this.#isLookDue = false
    this.#isRollDue = false
    this.#isWorking = true
    try {
      if (isLooking && isLive) await this.#look()
      if (isRolling) await this.#roll()
      if (isLive) await this.#tidy()
    } catch (error) {
      // The next round does what this one could not.
      this.#endsToCount = null
      log('warn', 'housekeeping did not finish', { error: String(error) })
    } finally {
      this.#isWorking = false
    }
  }

  /** Rolling is never too early: one silent sensor, which holds back the watermark, holds back nothing here. */
  async #roll(): Promise<void> {
    const { store, isLive } = this.#options
    const [watermark, now] = [await store.watermarkSeconds(), await store.nowSeconds()]
    await store.roll(isLive ? Math.max(watermark, now) - LATE_SECONDS : watermark)
  }

  async #look(): Promise<void> {
    const { store, bus, onFailure } = this.#options
    this.#endsToCount = await bus.endOffsets(ENRICHED)
    if (!isCountedAlike(await store.settings(), this.#settings!)) {
      // What is tidied by the old settings would be missing in the new ones.
      this.#endsToCount = null
      onFailure(changedByAnother())
      return
    }
    await this.#readTotals()
  }

  async #readTotals(): Promise<void> {
    const { store, counters, nowMs = Date.now } = this.#options
    const readAtMs = nowMs()
    counters.lateSources = (await store.lateTotals()).lateSources
    counters.ledger = await store.sensorTotals()
    counters.watermarks = await store.sensorWatermarks()
    counters.storeMemory = await store.memory()
    counters.storeReadAtMs = readAtMs
  }

  /**
   * Nothing is closed before all is counted that there was when the interval began, by whichever aggregator: a store
   * that lost data knows some of it last, and what is closed then would miss it. The watermark is the older reading, so
   * that a store that loses its data in between has little to close.
   */
  async #tidy(): Promise<void> {
    const ends = this.#endsToCount
    if (ends === null) return
    const { store } = this.#options
    const watermark = await store.watermarkSeconds()
    const counted = await store.countedUpTo(ENRICHED, ends.length)
    if (ends.some((end, partition) => counted[partition]! < end)) return
    this.#endsToCount = null
    if (watermark === 0) return
    await store.closeSources(
      watermark,
      ends.map((to, partition) => ({ topic: ENRICHED, partition, to }))
    )
    await store.trimSensorHours(watermark)
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
