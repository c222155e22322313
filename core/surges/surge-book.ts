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

/** An hour as a judge leaves it. */
export interface HourOutcome {
  /** What opened, changed its kind or closed. */
  readonly judged: readonly JudgedSurge[]
  /** All that is open after it. */
  readonly open: readonly JudgedSurge[]
  readonly hourEndSeconds: number
  /** How many series were judged. */
  readonly series: number
}

/** Surges that are open, or raised early, by id. */
export class SurgeBook {
  readonly #open = new Map<string, SurgeChange>()
  /** A story pages once, also when the surge that paged is over and others of it are not. */
  readonly #pagedStories = new Set<string>()
  /** The newest of each surge, also of those that are over: whoever learns anew finds them again. */
  readonly #newest = new Map<string, SurgeChange>()
  readonly #pagesPerQuarter: number

  /**
   * `changes` are the newest of each surge, as a SurgeStore lists them; `pagesPerQuarter` is how many pages may come out of
   * nothing, over all series.
   */
  constructor(changes: readonly SurgeChange[], pagesPerQuarter: number) {
    this.#pagesPerQuarter = pagesPerQuarter
    for (const change of changes) this.#note(change)
  }

  /** The newest of each of them: what pages comes first, then what is most certain. */
  get open(): SurgeChange[] {
    return [...this.#open.values()].sort(
      (a, b) => Number(b.severity === 'page') - Number(a.severity === 'page') || byDoubt(a, b)
    )
  }

  /** Those that are not open, nor raised early. */
  newOnes(seen: readonly JudgedSurge[]): JudgedSurge[] {
    return seen.filter((each) => !this.#open.has(surgeId(each)))
  }

  /** What is to be told of an hour that is not over, of so many series: each surge is raised once. */
  raise(seen: readonly JudgedSurge[], hourEndSeconds: number, series: number): SurgeChange[] {
    return this.newOnes(seen)
      .sort(byDoubt)
      .map((each) => this.#tell(each, hourEndSeconds, 'early', series))
  }

  /**
   * What is to be told of an hour's judgement: what the judge tells; of what stays open that its onset was dated anew, or
   * that it is sure enough for a page by now; of what it knows no more, as a series that was forgotten, that it is closed;
   * and of what was raised early in the hour and did not open, that it is withdrawn. An hour of before a surge was found,
   * as whoever learns anew judges, ends it not.
   */
  enter({ judged, open, hourEndSeconds, series }: HourOutcome): SurgeChange[] {
    const told = new Set(judged.map(surgeId))
    // The most certain one names the story, and pages.
    const inOrder = [...judged, ...open.filter((each) => !told.has(surgeId(each)))].sort(byDoubt)
    const changes = inOrder.flatMap((each) =>
      told.has(surgeId(each))
        ? [this.#tell(each, hourEndSeconds, each.state, series)]
        : this.#follow(each, hourEndSeconds, series)
    )
    return [...changes, ...this.#endOthers(new Set(open.map(surgeId)), hourEndSeconds)]
  }

  /** Shows what is open as a judge knows it, where nothing of it is to be told: after a restart. */
  refresh(open: readonly JudgedSurge[]): void {
    for (const judged of open) {
      const known = this.#open.get(surgeId(judged))
      if (known === undefined) continue
      this.#open.set(known.surge, { ...known, ratio: judged.ratio, score: judged.score })
    }
  }

  #follow(judged: JudgedSurge, hourEndSeconds: number, series: number): SurgeChange[] {
    const known = this.#open.get(surgeId(judged))
    const isNews =
      known?.state !== 'open' ||
      known.onsetSeconds !== judged.onsetSeconds ||
      known.onsetFromSeconds !== judged.onsetFromSeconds ||
      known.onsetToSeconds !== judged.onsetToSeconds ||
      known.severity !== (this.#keptSeverity(known) ?? this.#severityOf(judged, known.story, series))
    if (isNews) return [this.#tell(judged, hourEndSeconds, 'open', series)]
    this.refresh([judged])
    return []
  }

  #endOthers(open: ReadonlySet<string>, hourEndSeconds: number): SurgeChange[] {
    const ended = [...this.#open.values()].filter(
      ({ surge, state, detectedSeconds }) =>
        detectedSeconds <= hourEndSeconds && (state === 'early' || !open.has(surge))
    )
    return ended.map((each) => {
      const number = each.number + 1
      const change: SurgeChange = {
        ...each,
        id: `${each.surge}-${number}`,
        number,
        state: each.state === 'early' ? 'withdrawn' : 'closed',
        hourEndSeconds,
        closedSeconds: hourEndSeconds
      }
      this.#note(change)
      return change
    })
  }

  #tell(judged: JudgedSurge, hourEndSeconds: number, state: SurgeState, allSeries: number): SurgeChange {
    const surge = surgeId(judged)
    const before = this.#newest.get(surge)
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
    this.#note(change)
    return change
  }

  #note(change: SurgeChange): void {
    this.#newest.set(change.surge, change)
    if (change.severity === 'page') {
      // Who was woken by what is withdrawn is to be woken by what is left of it.
      if (change.state === 'withdrawn') this.#pagedStories.delete(change.story)
      else this.#pagedStories.add(change.story)
    }
    if (change.closedSeconds === null) this.#open.set(change.surge, change)
    else this.#open.delete(change.surge)
  }

  /** What was found by a first hint may be surer now: a notice may become a page, and no page a notice. */
  #keptSeverity(before: SurgeChange | undefined): SurgeChange['severity'] | null {
    return before?.severity === 'page' && before.state !== 'withdrawn' ? 'page' : null
  }

  /** What is over wakes nobody. */
  #severityOf(judged: JudgedSurge, story: string, series: number): SurgeChange['severity'] {
    const { score, closedSeconds } = judged
    const mayPage = closedSeconds === null && !this.#pagedStories.has(story)
    return mayPage && isPaged(score, series, this.#pagesPerQuarter) ? 'page' : 'notice'
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
