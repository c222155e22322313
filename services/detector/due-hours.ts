// When an hour is to be judged: each once, when every sensor has passed its end, or a quarter of an hour after it.
import type { Bus } from '../../core/bus.ts'
import type { CountStore } from '../../core/store/count-store.ts'

const HOUR_SECONDS = 3600
/** A sensor that is this late does not hold up the judgement of an hour: what it sends then marks no surge. */
const GRACE_SECONDS = 900
const ENRICHED = 'packets.enriched'

/** What there was to be counted at a moment. */
interface Arrived {
  readonly atSeconds: number
  readonly ends: readonly number[]
}

/** What it looks at. */
export interface DueHoursOptions {
  readonly counts: CountStore
  readonly bus: Bus
  /** This machine's clock: of two clocks the later one is not believed. */
  readonly nowMs: () => number
}

/** Says which hour is due. */
export class DueHours {
  readonly #options: DueHoursOptions
  #arrived: Arrived | null = null

  constructor(options: DueHoursOptions) {
    this.#options = options
  }

  /** The start of the hour that is to be judged after those up to then, 0 for none; null where none is due. */
  async next(judgedUpToSeconds: number): Promise<number | null> {
    const { counts } = this.#options
    const start = judgedUpToSeconds > 0 ? judgedUpToSeconds : await this.#firstHour()
    if (start === null) return null
    const end = start + HOUR_SECONDS
    const now = await this.#nowSeconds()
    if (now < end) return null
    // A clock that is ahead in one sensor must not close an hour for the others.
    if ((await counts.watermarkSeconds()) >= end) return start
    return now >= end + GRACE_SECONDS && (await this.#isAllCounted(end + GRACE_SECONDS, now)) ? start : null
  }

  async #firstHour(): Promise<number | null> {
    return (await this.#options.counts.windows('hour', 'UTC', 'all'))[0] ?? null
  }

  async #nowSeconds(): Promise<number> {
    const { counts, nowMs } = this.#options
    return Math.min(await counts.nowSeconds(), nowMs() / 1000)
  }

  /**
   * Whether all is counted that had come by then. Sensors may be late; aggregators that are behind, or count again what a
   * store has lost, are waited for.
   */
  async #isAllCounted(bySeconds: number, nowSeconds: number): Promise<boolean> {
    const { counts, bus } = this.#options
    if (this.#arrived === null || this.#arrived.atSeconds < bySeconds)
      this.#arrived = { atSeconds: nowSeconds, ends: await bus.endOffsets(ENRICHED) }
    const { ends } = this.#arrived
    const counted = await counts.countedUpTo(ENRICHED, ends.length)
    return ends.every((end, partition) => counted[partition]! >= end)
  }
}
