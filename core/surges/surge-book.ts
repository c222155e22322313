// Which surges are open, and what they are called: the same judgements give the same ids, whoever makes them, and again.
import { fnv1a } from '../store/slot.ts'
import type { JudgedSurge } from './hourly-judge.ts'
import { isPaged, storyOf } from './stories.ts'
import type { SurgeChange, SurgeState } from './surge-change.ts'

/**
 * The id of a surge: by its series, the hour in which it was first judged to be there, and whether it is one. What began as a
 * spike may turn out to be a step: it stays the same surge.
 */
function surgeId({ series, kind, detectedSeconds }: JudgedSurge): string {
  const text = `${series}|${kind === 'heavy-hitter' ? kind : 'surge'}|${detectedSeconds}`
  // Two hashes of 32 bits: some thousands of surges a year do not meet.
  return [text, `${text}|surge`].map((each) => fnv1a(each).toString(16).padStart(8, '0')).join('')
}

/** Surges that are open, or raised early, by id. */
export class SurgeBook {
  readonly #open = new Map<string, SurgeChange>()
  readonly #pagesPerQuarter: number

  /**
   * `changes` are the newest of each surge, as a SurgeStore lists them; `pagesPerQuarter` is how many pages may come out of
   * nothing, over all series.
   */
  constructor(changes: readonly SurgeChange[], pagesPerQuarter: number) {
    this.#pagesPerQuarter = pagesPerQuarter
    for (const change of changes) if (change.closedSeconds === null) this.#open.set(change.surge, change)
  }

  /** The newest change of each of them, the most certain first. */
  get open(): SurgeChange[] {
    return [...this.#open.values()].sort(byDoubt)
  }

  /** Those that are not open, nor raised early. */
  newOnes(seen: readonly JudgedSurge[]): JudgedSurge[] {
    return seen.filter((each) => !this.#open.has(surgeId(each)))
  }

  /** What is to be told of an hour that is not over, of so many series: each surge is raised once. */
  raise(seen: readonly JudgedSurge[], hourEndSeconds: number, series: number): SurgeChange[] {
    return this.newOnes(seen)
      .sort(byDoubt)
      .map((each) => this.#take(each, hourEndSeconds, 'early', series))
  }

  /** What is to be told of an hour's judgement: of surges that were raised early in it, that they are withdrawn, too. */
  enter(judged: readonly JudgedSurge[], hourEndSeconds: number, series: number): SurgeChange[] {
    // The most certain one names the story, and pages.
    const changes = [...judged]
      .sort(byDoubt)
      .map((each) => this.#take(each, hourEndSeconds, each.state, series))
    for (const early of this.#open.values()) {
      if (early.state !== 'early' || early.detectedSeconds > hourEndSeconds) continue
      this.#open.delete(early.surge)
      const number = early.number + 1
      const id = `${early.surge}-${number}`
      changes.push({
        ...early,
        id,
        number,
        state: 'withdrawn',
        hourEndSeconds,
        closedSeconds: hourEndSeconds
      })
    }
    return changes
  }

  #take(judged: JudgedSurge, hourEndSeconds: number, state: SurgeState, allSeries: number): SurgeChange {
    const surge = surgeId(judged)
    const before = this.#open.get(surge)
    const number = (before?.number ?? 0) + 1
    const story = before?.story ?? storyOf(judged, this.open) ?? surge
    const { series, kind, detectedSeconds, closedSeconds, ratio, score } = judged
    const { onsetSeconds, onsetFromSeconds, onsetToSeconds } = judged
    const change: SurgeChange = {
      id: `${surge}-${number}`,
      surge,
      number,
      story,
      series,
      kind,
      state,
      severity: this.#keptSeverity(before) ?? this.#severityOf(judged, story, allSeries),
      onsetSeconds,
      onsetFromSeconds,
      onsetToSeconds,
      detectedSeconds,
      hourEndSeconds,
      closedSeconds,
      ratio,
      score,
      drivers: judged.drivers ?? before?.drivers ?? []
    }
    if (state === 'closed') this.#open.delete(surge)
    else this.#open.set(surge, change)
    return change
  }

  /** What was raised early was raised by less than is known now: a notice may become a page, and no page a notice. */
  #keptSeverity(before: SurgeChange | undefined): SurgeChange['severity'] | null {
    if (before === undefined) return null
    return before.state === 'early' && before.severity === 'notice' ? null : before.severity
  }

  /** A story pages once. */
  #severityOf({ score }: JudgedSurge, story: string, series: number): SurgeChange['severity'] {
    const isPagedAlready = [...this.#open.values()].some(
      (each) => each.story === story && each.severity === 'page'
    )
    return !isPagedAlready && isPaged(score, series, this.#pagesPerQuarter) ? 'page' : 'notice'
  }
}

/** What is least likely to be nothing comes first, and heavy hitters last. */
function byDoubt(a: Doubtful, b: Doubtful): number {
  return doubt(a) - doubt(b) || (a.series < b.series ? -1 : 1)
}

type Doubtful = Pick<SurgeChange, 'score' | 'series'>

function doubt({ score }: Doubtful): number {
  return score ?? Number.MAX_VALUE
}
