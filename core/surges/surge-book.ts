// Which surges are open, and what they are called: the same judgements give the same ids, whoever makes them, and again.
import { fnv1a } from '../store/slot.ts'
import type { JudgedSurge } from './hourly-judge.ts'
import type { SurgeChange } from './surge-change.ts'

/**
 * The id of a surge: by its series, the hour in which it was first judged to be there, and whether it is one. What began as a
 * spike may turn out to be a step: it stays the same surge.
 */
export function surgeId({ series, kind, detectedSeconds }: JudgedSurge): string {
  const text = `${series}|${kind === 'heavy-hitter' ? kind : 'surge'}|${detectedSeconds}`
  // Two hashes of 32 bits: some thousands of surges a year do not meet.
  return [text, `${text}|surge`].map((each) => fnv1a(each).toString(16).padStart(8, '0')).join('')
}

/** Open surges by id. */
export class SurgeBook {
  readonly #open = new Map<string, SurgeChange>()

  /** `changes` are the newest of each surge, as a SurgeStore lists them. */
  constructor(changes: readonly SurgeChange[]) {
    for (const change of changes) if (change.closedSeconds === null) this.#open.set(change.surge, change)
  }

  /** The newest change of each open surge, the most certain first. */
  get open(): SurgeChange[] {
    return [...this.#open.values()].sort((a, b) => doubt(a) - doubt(b) || (a.surge < b.surge ? -1 : 1))
  }

  /** What is to be told of an hour's judgement. One that is open already, or was never opened, is told as it is. */
  enter(judged: readonly JudgedSurge[], hourEndSeconds: number): SurgeChange[] {
    return judged.map((each) => {
      const surge = surgeId(each)
      const before = this.#open.get(surge)
      const number = (before?.number ?? 0) + 1
      const change: SurgeChange = {
        id: `${surge}-${number}`,
        surge,
        number,
        story: before?.story ?? surge,
        series: each.series,
        kind: each.kind,
        state: each.state,
        severity: before?.severity ?? severityOf(each),
        onsetSeconds: each.onsetSeconds,
        onsetFromSeconds: each.onsetFromSeconds,
        onsetToSeconds: each.onsetToSeconds,
        detectedSeconds: each.detectedSeconds,
        hourEndSeconds,
        closedSeconds: each.closedSeconds,
        ratio: each.ratio,
        score: each.score,
        drivers: []
      }
      if (each.state === 'closed') this.#open.delete(surge)
      else this.#open.set(surge, change)
      return change
    })
  }
}

/** A single source is worth a look, and no surge. */
function severityOf({ kind }: JudgedSurge): SurgeChange['severity'] {
  return kind === 'heavy-hitter' ? 'notice' : 'page'
}

/** What is least likely to be nothing comes first, and heavy hitters last. */
function doubt({ score }: SurgeChange): number {
  return score ?? Number.POSITIVE_INFINITY
}
