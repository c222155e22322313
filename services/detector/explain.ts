// What drives surges: from the counts that are kept, and of what these do not say from a sample of packets.enriched.
import type { Log } from '../../adapters/log.ts'
import type { Bus } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import type { JudgedSurge } from '../../core/surges/hourly-judge.ts'
import { riseSpans, SampledRise } from '../../core/surges/sampled-rise.ts'
import type { SurgeDriver } from '../../core/surges/surge-change.ts'
import { MOST_DRIVERS, readDrivers } from './read-drivers.ts'
import { sampleBatches } from './sample-batches.ts'

/** Of older hours packets may be gone, and a detector that catches up has no time to look. */
const NEWEST_HOURS_SECONDS = 6 * 3600
/** Onsets that a sample is read for in one hour; each holds up the judgement by some seconds. */
const MOST_SAMPLES = 3
/** So long at most is a sample waited for. */
const SAMPLE_LIMIT_MS = 20_000

/** Where it looks. */
export interface ExplainerOptions {
  readonly counts: CountStore
  /** Null where packets are not to be sampled. */
  readonly packets: { readonly bus: Bus; readonly group: string } | null
  readonly nowMs: () => number
  readonly log: Log
}

/** Finds the drivers of surges that open. */
export class Explainer {
  readonly #options: ExplainerOptions

  constructor(options: ExplainerOptions) {
    this.#options = options
  }

  /** The same, with drivers where they open. `beforeEachStep` is awaited again and again, since this takes its time. */
  async explain(
    judged: readonly JudgedSurge[],
    hourEndSeconds: number,
    beforeEachStep: () => Promise<void>
  ): Promise<JudgedSurge[]> {
    const opened = judged.filter(({ state, kind }) => state === 'open' && kind !== 'heavy-hitter')
    const counted = await readDrivers(this.#options.counts, opened, hourEndSeconds, beforeEachStep)
    const sampled = await this.#sample(opened, hourEndSeconds, beforeEachStep)
    return judged.map((each) => {
      const known = counted.get(each) ?? []
      const dimensions = new Set(known.map(({ dimension }) => dimension))
      const drivers = [
        ...known,
        ...(sampled.get(each) ?? []).filter(({ dimension }) => !dimensions.has(dimension))
      ]
      return drivers.length === 0 ? each : { ...each, drivers }
    })
  }

  async #sample(
    opened: readonly JudgedSurge[],
    hourEndSeconds: number,
    beforeEachStep: () => Promise<void>
  ): Promise<Map<JudgedSurge, SurgeDriver[]>> {
    const { packets, nowMs } = this.#options
    const drivers = new Map<JudgedSurge, SurgeDriver[]>()
    if (packets === null || nowMs() / 1000 - hourEndSeconds > NEWEST_HOURS_SECONDS) return drivers
    const byOnset = new Map<number, JudgedSurge[]>()
    for (const surge of opened) {
      const others = byOnset.get(surge.onsetSeconds)
      if (others === undefined) byOnset.set(surge.onsetSeconds, [surge])
      else others.push(surge)
    }
    const surest = [...byOnset].sort(([, a], [, b]) => leastScore(a) - leastScore(b)).slice(0, MOST_SAMPLES)
    for (const [onsetSeconds, surges] of surest) {
      await beforeEachStep()
      for (const [surge, found] of await this.#sampleOnset(packets, surges, onsetSeconds, hourEndSeconds))
        drivers.set(surge, found)
    }
    return drivers
  }

  /** Without a sample a surge is told all the same. */
  async #sampleOnset(
    { bus, group }: { readonly bus: Bus; readonly group: string },
    surges: readonly JudgedSurge[],
    onsetSeconds: number,
    hourEndSeconds: number
  ): Promise<Map<JudgedSurge, SurgeDriver[]>> {
    const spans = riseSpans(onsetSeconds, hourEndSeconds)
    const rises = new Map(surges.map((surge) => [surge, new SampledRise(surge.series, spans)]))
    try {
      const wanted = [spans.usual, spans.surge]
      const sample = await sampleBatches(bus, group, wanted, SAMPLE_LIMIT_MS, ({ packets, name }) => {
        for (const rise of rises.values()) rise.add(packets, name.sensor)
      })
      if (sample === null) this.#tell('not read in time')
      else {
        return new Map(
          [...rises].map(([surge, rise]) => [surge, rise.drivers(MOST_DRIVERS, sample.share === 1)])
        )
      }
    } catch (error) {
      if (!(error instanceof StormpetrelError)) throw error
      this.#tell(error.message)
    }
    return new Map()
  }

  #tell(error: string): void {
    this.#options.log('warn', 'a surge is told without the drivers that a sample of packets would show', {
      error
    })
  }
}

function leastScore(surges: readonly JudgedSurge[]): number {
  return Math.min(...surges.map(({ score }) => score ?? Number.MAX_VALUE))
}
