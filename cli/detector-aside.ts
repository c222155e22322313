// The surge detector beside an import: it learns each hour once, in order, so history that comes while it judges, or after it
// has, is never learnt. An import of hours therefore holds the detector's lease itself: one that starts meanwhile waits for it.
import { randomUUID } from 'node:crypto'
import type { RedisSurgeStore } from '../adapters/redis-surge-store.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { VantageWindow } from '../core/store/count-store.ts'
import { formatUtc } from '../core/windows/time-zone.ts'
import type { CliContext } from './context.ts'

/** A detector waits so long for an import that died. */
const LEASE_MS = 60_000
const RENEW_MS = 10_000

/** What an import has to know of the detector, and has to say. */
export class DetectorAside {
  readonly #context: CliContext
  readonly #surges: RedisSurgeStore
  readonly #holder = `import-${randomUUID()}`
  #lease: number | null = null
  #renewedAtMs = 0
  /** How far a detector has judged, 0 for not at all. */
  #judgedUpToSeconds = 0
  #missedHours = 0

  private constructor(context: CliContext, surges: RedisSurgeStore) {
    this.#context = context
    this.#surges = surges
  }

  /** Gives it to `work`, and the lease back after that. Throws SP_REDIS, and what `work` throws. */
  static async beside(context: CliContext, work: (aside: DetectorAside) => Promise<void>): Promise<void> {
    const [{ RedisSurgeStore: Surges }, { liveNamespace }] = await Promise.all([
      import('../adapters/redis-surge-store.ts'),
      import('../core/store/run-settings.ts')
    ])
    const { redisUrl, topicPrefix } = context.configuration()
    const surges = new Surges(redisUrl, liveNamespace(topicPrefix))
    await surges.start()
    const aside = new DetectorAside(context, surges)
    try {
      await work(aside)
    } finally {
      await aside.#giveBack()
      await surges.stop()
    }
  }

  /** Keeps detectors from judging until the end; to be called again before each hour. Throws SP_DETECTOR_RUNS where one judges. */
  async keepOff(): Promise<void> {
    if (this.#lease !== null && performance.now() - this.#renewedAtMs < RENEW_MS) return
    const lease = await this.#surges.lease(this.#holder, LEASE_MS)
    if (lease === null) throw runs()
    this.#renewedAtMs = performance.now()
    // With a new number one may have judged in between.
    if (lease !== this.#lease) this.#judgedUpToSeconds = (await this.#surges.judgedUpToSeconds()) ?? 0
    this.#lease = lease
  }

  /** Has the next detector learn the whole store. Before `keepOff`; throws SP_DETECTOR_RUNS likewise. */
  async forget(): Promise<void> {
    if (!(await this.#surges.forget())) throw runs()
    this.#context.note('the next detector learns every hour of the store anew')
  }

  /** Notes a window that was put. */
  note({ size, startSeconds, vantage }: VantageWindow): void {
    const isJudged = startSeconds < this.#judgedUpToSeconds
    if (size === 'hour' && vantage === 'all' && isJudged) this.#missedHours += 1
  }

  /** Says which hours the detector will not learn. */
  tell(): void {
    if (this.#missedHours === 0) return
    this.#context.note(
      `the detector has judged up to ${formatUtc(this.#judgedUpToSeconds)}, and will not learn from ${this.#missedHours} hours ` +
        'before that; import --learn-anew has it learn everything from the first hour on'
    )
  }

  async #giveBack(): Promise<void> {
    // Where Redis is away it ends by itself, and what happened before is what is to be told.
    if (this.#lease !== null) await this.#surges.release(this.#lease).catch(() => undefined)
  }
}

function runs(): StormpetrelError {
  return new StormpetrelError(
    'SP_DETECTOR_RUNS',
    'a surge detector judges this store, or another import of hours is under way: a detector would take hours that are imported ' +
      'now for gaps; stop every detector (the lease of one that was killed ends within ten minutes, mostly three), import, and ' +
      'start them again'
  )
}
