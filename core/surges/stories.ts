// Surges of one cause are one story, told once: a port, a tag, a region and a network that rise together.
import type { Surge } from './surge.ts'

/** A surge as a story is made of it. */
export interface StorySurge {
  /** What people call its series. */
  readonly name: string
  readonly surge: Surge
  /** Sources an hour above the baseline: the greatest one leads the story. */
  readonly risePerHour: number
}

/** Surges that began together, greatest rise first; the first one leads. */
export interface Story {
  readonly surges: readonly StorySurge[]
  /** The least of its surges: false alarms a series and quarter to be expected of such evidence. Null for floods. */
  readonly score: number | null
}

/** Onsets so close may be the same, whatever their intervals say. */
const SUDDEN_SLACK_HOURS = 3
const TREND_SLACK_HOURS = 48

/**
 * Groups surges by their onsets: each joins the story with the greatest rise whose lead's onset it may share, or begins
 * one. Heavy hitters are stories of their own kind: a loud source explains no rise of sources.
 */
export function tellStories(surges: readonly StorySurge[]): Story[] {
  const groups: StorySurge[][] = []
  const ordered = surges.toSorted((a, b) => b.risePerHour - a.risePerHour || (a.name < b.name ? -1 : 1))
  for (const each of ordered) {
    const group = groups.find(([lead]) => mayShareCause(lead!.surge, each.surge))
    if (group === undefined) groups.push([each])
    else group.push(each)
  }
  return groups.map((group) => ({ surges: group, score: leastScore(group) }))
}

/**
 * Whether a story is paged: among so many series, chance would make at most `pagesPerQuarter` stories in 91 days with
 * evidence as strong. Heavy hitters are never paged.
 */
export function isPaged({ score }: Story, seriesCount: number, pagesPerQuarter: number): boolean {
  return score !== null && score * seriesCount <= pagesPerQuarter
}

function mayShareCause(a: Surge, b: Surge): boolean {
  if ((a.kind === 'heavy-hitter') !== (b.kind === 'heavy-hitter')) return false
  const slack = Math.max(slackOf(a), slackOf(b))
  return a.onsetFromHour - slack <= b.onsetToHour && b.onsetFromHour - slack <= a.onsetToHour
}

function slackOf({ kind }: Surge): number {
  return kind === 'trend' ? TREND_SLACK_HOURS : SUDDEN_SLACK_HOURS
}

function leastScore(surges: readonly StorySurge[]): number | null {
  const scores = surges.flatMap(({ surge }) => (surge.score === null ? [] : [surge.score]))
  return scores.length === 0 ? null : Math.min(...scores)
}
