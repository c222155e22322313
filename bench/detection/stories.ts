// How well surges are grouped: telescopes of some ports, regions and tags, and causes that raise one of each.
import { SeriesJudge } from '../../core/surges/series-judge.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { DEFAULT_PAGES_PER_QUARTER } from '../../core/surges/stories.ts'
import { SurgeBook } from '../../core/surges/surge-book.ts'
import { thresholdsOf } from '../../core/surges/thresholds.ts'
import { FIRST_HOUR } from './detector-run.ts'
import { generateSeries, REFERENCE } from './generator.ts'
import { SeededRandom } from './random.ts'
import { channelM, SERIES_HOURS } from './series.ts'

const DIMENSIONS = ['port', 'region', 'tag'] as const
const KEYS = 8
const CAUSES = 8
const DAY = 24
const HOUR_SECONDS = 3600
const FIRST_ONSET = 25 * DAY
const LAST_ONSET = 85 * DAY
/** A surge found so long after its cause began is of it. */
const OF_CAUSE_HOURS = 72

/** How surges were grouped, over all telescopes. */
export interface StoryScore {
  readonly telescopes: number
  readonly causes: number
  /** Surges that were told, and those that no cause was behind. */
  readonly surges: number
  readonly withoutCause: number
  /** Of pairs told as one story, the share that one cause is behind; of pairs that one cause is behind, the share so told. */
  readonly precision: number
  readonly recall: number
  /** Stories that began, a cause. */
  readonly storiesACause: number
}

interface Cause {
  readonly onset: number
  readonly end: number
  readonly ratio: number
  readonly series: readonly string[]
}

/**
 * Judges and groups the surges of so many telescopes; that share of the causes begin in the hour of the one before them, with
 * other keys.
 */
export function scoreStories(telescopes: number, seed: number, sameHourShare: number): StoryScore {
  const pairs = { told: 0, toldRight: 0, ofCause: 0 }
  const sums = { surges: 0, withoutCause: 0, stories: 0 }
  for (let telescope = 0; telescope < telescopes; telescope++) {
    const causes = plantCauses(new SeededRandom(seed, telescope), sameHourShare)
    const told = tell(seed, telescope, causes).map(({ series, story, hour }) => ({
      series,
      story,
      cause: causes.find(
        ({ onset, series: risen }) =>
          risen.includes(series) && hour >= onset && hour <= onset + OF_CAUSE_HOURS
      )
    }))
    sums.surges += told.length
    sums.withoutCause += told.filter(({ cause }) => cause === undefined).length
    sums.stories += new Set(told.map(({ story }) => story)).size
    // What is told again of the same series and cause is no second surge.
    const firsts = told.filter(
      (one, i) =>
        one.cause === undefined ||
        told.findIndex((each) => each.series === one.series && each.cause === one.cause) === i
    )
    for (const [i, one] of firsts.entries()) {
      for (const other of firsts.slice(i + 1)) {
        const isRight = one.cause !== undefined && one.cause === other.cause
        if (isRight) pairs.ofCause++
        if (one.story !== other.story) continue
        pairs.told++
        if (isRight) pairs.toldRight++
      }
    }
  }
  const causes = telescopes * CAUSES
  return {
    telescopes,
    causes,
    surges: sums.surges,
    withoutCause: sums.withoutCause,
    precision: pairs.toldRight / pairs.told,
    recall: pairs.toldRight / pairs.ofCause,
    storiesACause: sums.stories / causes
  }
}

function plantCauses(random: SeededRandom, sameHourShare: number): Cause[] {
  const causes: Cause[] = []
  for (let number = 0; number < CAUSES; number++) {
    const before = causes.at(-1)
    const isSameHour = before !== undefined && random.uniform() < sameHourShare
    const onset = isSameHour ? before.onset : random.whole(FIRST_ONSET, LAST_ONSET)
    // Each cause has keys of its own: no series rises by two of them.
    const series = DIMENSIONS.map((dimension) => `${dimension}=${number}`)
    causes.push({ onset, end: onset + random.whole(24, 120), ratio: random.between(3, 6), series })
  }
  return causes
}

interface Told {
  readonly series: string
  readonly story: string
  readonly hour: number
}

/** The surges of a telescope as they are told first. */
function tell(seed: number, telescope: number, causes: readonly Cause[]): Told[] {
  const names = DIMENSIONS.flatMap((dimension) =>
    Array.from({ length: KEYS }, (_, key) => `${dimension}=${key}`)
  )
  const quiet = names.map((name, i): [string, Float64Array] => [
    name,
    // Of the upper two strata: what is hardly ever there is told as new when it comes.
    channelM(generateSeries(REFERENCE, seed, 3 * (telescope * names.length + i) + 1 + (i % 2), 'none'))
  ])
  const extra = new SeededRandom(seed + 1, telescope)
  const judge = new SeriesJudge(thresholdsOf(DEFAULT_SURGE_SETTINGS), null)
  const told: Told[] = []
  const book = new SurgeBook([], DEFAULT_PAGES_PER_QUARTER)
  for (let hour = 0; hour < SERIES_HOURS; hour++) {
    const startSeconds = (FIRST_HOUR + hour) * HOUR_SECONDS
    const series = new Map(
      quiet.map(([name, counts]) => {
        const cause = causes.find(
          ({ onset, end, series: risen }) => hour >= onset && hour < end && risen.includes(name)
        )
        const usual = counts[hour]!
        const count = usual + (cause === undefined ? 0 : extra.poisson((cause.ratio - 1) * usual))
        return [name, { packets: 3 * count, sources: count }]
      })
    )
    const judged = judge.judge({ startSeconds, isObserved: true, darkAddresses: 0, series })
    const hourEndSeconds = startSeconds + HOUR_SECONDS
    const changes = book.enter({ judged, open: judge.open(), hourEndSeconds, series: judge.series })
    for (const { number, series: name, story } of changes) {
      if (number === 1) told.push({ series: name, story, hour })
    }
  }
  return told
}
