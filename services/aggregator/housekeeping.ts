// What a live store needs from time to time: sketches of past windows become numbers, hours keep their busiest sensors.
// Every aggregator does it; doing it twice, or at once, changes nothing.
import type { Log } from '../../adapters/log.ts'
import type { CountStore } from '../../core/store/count-store.ts'

const INTERVAL_MS = 60_000

/** `start` begins the rounds; `stop` ends them after the one at hand. */
export class Housekeeping {
  readonly #store: CountStore
  readonly #log: Log
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> = Promise.resolve()
  #isTidying = false

  constructor(store: CountStore, log: Log) {
    this.#store = store
    this.#log = log
  }

  start(): Promise<void> {
    this.#timer = setInterval(() => {
      // A round that takes long is not followed by a queue of others.
      if (this.#isTidying) return
      this.#round = this.#tidy()
    }, INTERVAL_MS)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await this.#round
  }

  async #tidy(): Promise<void> {
    this.#isTidying = true
    try {
      const watermark = await this.#store.watermarkSeconds()
      if (watermark === 0) return
      await this.#store.closeSketches(watermark)
      await this.#store.trimSensorHours(watermark)
    } catch (error) {
      // The next round does what this one could not.
      this.#log('warn', 'housekeeping did not finish', { error: String(error) })
    } finally {
      this.#isTidying = false
    }
  }
}
