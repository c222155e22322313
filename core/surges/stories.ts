// Surges of one cause told together: 23/TCP, Mirai and a region that rise in the same hour are one story, and page once.
import type { SurgeChange } from './surge-change.ts'

const HOUR_SECONDS = 3600
/** Onsets are known to the hour at best. */
const SLACK_SECONDS = HOUR_SECONDS
/** What is found so much later tells a story of its own: a slow rise needs days to be seen in a small series. */
const LONGEST_SECONDS = 7 * 86_400

/** As it is where nobody says otherwise. */
export const DEFAULT_PAGES_PER_QUARTER = 3

type Told = Pick<SurgeChange, 'series' | 'kind' | 'onsetFromSeconds' | 'onsetToSeconds' | 'detectedSeconds'>

/**
 * The story among those of open surges that this one belongs to, the most certain first; null where it begins its own. It
 * began with one of the story's surges, and does not contradict the one that leads it: of the surges of a story that 23/TCP
 * leads, two autonomous systems may each be a part. `open` are the surges that are open, the most certain first.
 */
export function storyOf(surge: Told, open: readonly SurgeChange[]): string | null {
  if (surge.kind === 'heavy-hitter') return null
  const others = open.filter(({ kind }) => kind !== 'heavy-hitter')
  const keys = keysOf(surge.series)
  const joined = others.find(
    (other) => beganTogether(surge, other) && mayShare(keys, keysOf(leaderOf(other.story, others).series))
  )
  return joined?.story ?? null
}

/** The surge that a story is named by, or, where that is over, the most certain one that is left of it. */
function leaderOf(story: string, open: readonly SurgeChange[]): SurgeChange {
  return open.find(({ surge }) => surge === story) ?? open.find((each) => each.story === story)!
}

function beganTogether(one: Told, other: Told): boolean {
  return (
    one.onsetFromSeconds <= other.onsetToSeconds + SLACK_SECONDS &&
    other.onsetFromSeconds <= one.onsetToSeconds + SLACK_SECONDS &&
    Math.abs(one.detectedSeconds - other.detectedSeconds) <= LONGEST_SECONDS
  )
}

/** The keys of a series by dimension: 'port=23/TCP,tag=mirai' has two, 'all' none. */
function keysOf(series: string): Map<string, string> {
  if (series === 'all') return new Map()
  return new Map(series.split(',').map((part) => part.split('=') as [string, string]))
}

/**
 * Series whose keys contradict each other, 23/TCP and 445/TCP, share no packet, and are two stories. Of a port and a region
 * nothing says that they share any but that they rise together; and a packet may have several tags.
 */
function mayShare(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return [...one].every(([dimension, key]) => dimension === 'tag' || (other.get(dimension) ?? key) === key)
}

/**
 * Whether a surge is worth a page: of so many series, evidence at least this strong comes out of nothing at most that often
 * a quarter, all together. What is less sure is a notice, and so is a heavy hitter.
 */
export function isPaged(score: number | null, series: number, pagesPerQuarter: number): boolean {
  return score !== null && score * Math.max(1, series) <= pagesPerQuarter
}
