// The surge detector beside an import: it learns each hour once, in order, so history that comes while it judges, or after it
// has, is never learnt.
import type { RedisSurgeStore } from '../adapters/redis-surge-store.ts'
import { StormpetrelError } from '../core/errors.ts'
import type { VantageWindow } from '../core/store/count-store.ts'
import { formatUtc } from '../core/windows/time-zone.ts'
import type { CliContext } from './context.ts'

/** What an import has to know of the detector, and has to say. */
export class DetectorAside {
  readonly #context: CliContext
  /** Null before anything was asked; else how far it has judged, 0 for not at all. */
  #judgedUpToSeconds: number | null = null
  #missedHours = 0

  constructor(context: CliContext) {
    this.#context = context
  }

  /** Throws SP_DETECTOR_RUNS while a detector holds the lease; looks once. */
  async refuseWhileJudging(): Promise<void> {
    if (this.#judgedUpToSeconds !== null) return
    await this.#withSurges(async (surges) => {
      if (await surges.isHeld()) throw runs()
      this.#judgedUpToSeconds = (await surges.judgedUpToSeconds()) ?? 0
    })
  }

  /** Has the next detector learn the whole store. Throws SP_DETECTOR_RUNS likewise. */
  async forget(): Promise<void> {
    await this.#withSurges(async (surges) => {
      if (!(await surges.forget())) throw runs()
    })
    this.#context.note('the next detector learns every hour of the store anew')
  }

  /** Notes a window that was put. */
  note({ size, startSeconds, vantage }: VantageWindow): void {
    const isJudged = startSeconds < (this.#judgedUpToSeconds ?? 0)
    if (size === 'hour' && vantage === 'all' && isJudged) this.#missedHours += 1
  }

  /** Says which hours the detector will not learn. */
  tell(): void {
    if (this.#missedHours === 0) return
    this.#context.note(
      `the detector has judged up to ${formatUtc(this.#judgedUpToSeconds!)}, and will not learn from ${this.#missedHours} hours ` +
        'before that; import --learn-anew has it learn everything from the first hour on'
    )
  }

  async #withSurges(work: (surges: RedisSurgeStore) => Promise<void>): Promise<void> {
    const [{ RedisSurgeStore: Surges }, { liveNamespace }] = await Promise.all([
      import('../adapters/redis-surge-store.ts'),
      import('../core/store/run-settings.ts')
    ])
    const { redisUrl, topicPrefix } = this.#context.configuration()
    const surges = new Surges(redisUrl, liveNamespace(topicPrefix))
    await surges.start()
    try {
      await work(surges)
    } finally {
      await surges.stop()
    }
  }
}

function runs(): StormpetrelError {
  return new StormpetrelError(
    'SP_DETECTOR_RUNS',
    'a surge detector judges this store, and would take hours that are imported now for gaps; stop every detector (one that was ' +
      'killed is gone after three minutes), import, and start them again'
  )
}
