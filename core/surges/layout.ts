// Where each number of a series' state lies in its row. Every number is a 32-bit float: hours since 1970 and counts are
// exact in it up to 16 million.

/** Hours that are kept one by one: the longest window of the hourly scan. */
export const RING_HOURS = 72

/** Days that are kept one by one. */
export const RING_DAYS = 44

/** Strengths of wander that are weighed against each other, and the numbers of the filter behind each. */
const STRENGTH_COUNT = 7
/** Numbers that the filter of one strength of wander keeps. */
export const FILTER_LENGTH = 6

/** Raised where a row's meaning changes: rows of another version are not read. */
export const LAYOUT_VERSION = 2

let end = 0

function field(length = 1): number {
  const start = end
  end += length
  return start
}

/** The hour that was judged last, in hours since 1970; 0 before the first. */
export const LAST_HOUR = field()
/** Hours with counts, up to the last one. */
export const HOURS_SEEN = field()
/** The swing: a factor for each hour of the UTC day, and for each weekday (0 is Thursday, 1970-01-01). */
export const HOUR_FACTORS = field(24)
/** The same for each weekday, Thursday first, as 1970 began. */
export const WEEKDAY_FACTORS = field(7)
/** Newest hours: sources (the busiest sensor cut), and exposure, which is swing times dark space; 0 is a gap. */
export const HOUR_COUNTS = field(RING_HOURS)
/** Swing times dark space of those hours; 0 is a gap. */
export const HOUR_EXPOSURES = field(RING_HOURS)
/** The busiest sensor of each hour and what it counted, in one number. */
export const HOUR_BUSIEST = field(RING_HOURS)
/** The same of whole days. */
export const DAY_COUNTS = field(RING_DAYS)
/** The same sum of those days. */
export const DAY_EXPOSURES = field(RING_DAYS)
/** The day under way. */
export const TODAY_COUNT = field()
/** And its exposure. */
export const TODAY_EXPOSURE = field()
/** Rates per exposure: of the two weeks that end two days ago, and of the six that end two weeks ago. */
export const NEAR_RATE = field()
/** Of the weeks before those that the near rate is of. */
export const FAR_RATE = field()
/** The same of all days before the four weeks that ended last, the older the fainter, and the sums behind it. */
export const OLD_RATE = field()
/** Counts that the old rate is made of. */
export const OLD_COUNT = field()
/** And their exposure. */
export const OLD_EXPOSURE = field()
/** Sum of exposure times age in days, of the old rate. */
export const OLD_AGES = field()
/** What the drift since each rate may be other than believed: variances of the log. */
export const NEAR_DRIFT = field()
/** The same of the far rate. */
export const FAR_DRIFT = field()
/** The same of the old rate. */
export const OLD_DRIFT = field()
/** The drift of the series: the day that was learnt last, in days since 1970; 0 before the first. */
export const DRIFT_DAY = field()
/** Log rate on that day. */
export const DRIFT_LEVEL = field()
/** Its change in a day. */
export const DRIFT_SLOPE = field()
/** How well the level is known, as a variance. */
export const DRIFT_LEVEL_VARIANCE = field()
/** Covariance of level and slope. */
export const DRIFT_COVARIANCE = field()
/** How well the slope is known, as a variance. */
export const DRIFT_SLOPE_VARIANCE = field()
/** Counts behind those rates. */
export const NEAR_SUPPORT = field()
/** The same behind the far rate. */
export const FAR_SUPPORT = field()
/** The same behind the old rate. */
export const OLD_SUPPORT = field()
/** Hourly over-dispersion: sums of squares and of weights. */
export const HOURLY_SQUARES = field()
/** Sum of the weights of those squares. */
export const HOURLY_WEIGHT = field()
/** How counts clump: sums of squares beyond dispersion's, and of what was expected. */
export const CLUMP_SQUARES = field()
/** Sum of the expectations of those squares. */
export const CLUMP_COUNTS = field()
/** Variance of the log of the level, as it is believed on average. */
export const WANDER = field()
/** The weights of the strengths of wander, for the near, the far and the old rate, and the filters behind them. */
export const NEAR_WEIGHTS = field(STRENGTH_COUNT)
/** The same as of the far rate. */
export const FAR_WEIGHTS = field(STRENGTH_COUNT)
/** The same as of the old rate. */
export const OLD_WEIGHTS = field(STRENGTH_COUNT)
/** The filters themselves, one a strength. */
export const WANDER_FILTERS = field(STRENGTH_COUNT * FILTER_LENGTH)
/** The rate that the filters' levels are relative to. */
export const WANDER_REFERENCE = field()
/** Dark addresses that an exposure of 1 stands for; 0 where none are given. */
export const USUAL_ADDRESSES = field()
/** Log of the dark addresses that the baseline knows: of the last two weeks, about. */
export const KNOWN_ADDRESSES = field()
/** Variance of the log rate that changes of dark space leave. */
export const ADDRESS_DOUBT = field()
/** Sources of the busiest sensor in an hour of exposure 1. */
export const BUSIEST_RATE = field()
/** Whole days' sums of the last 3, 5, 7, 10 and 14 days. */
export const RECENT_COUNTS = field(5)
/** Their exposures. */
export const RECENT_EXPOSURES = field(5)
/** Squared dips, in units of the variance that was believed, of windows of 8 hours, a day and a week; and how many. */
export const DIP_SQUARES = field(3)
/** How many windows those squares are of. */
export const DIP_COUNTS = field(3)
/** Excesses of short windows over their level, for the tail that the series itself shows. */
export const EXCESS_COUNT = field()
/** Sum of those excesses. */
export const EXCESS_SUM = field()
/**
 * From here to the end of a row is what a series has shown itself: one that begins with the history of another has none of
 * it. First the evidence that a step has gathered, and since which hour.
 */
export const OWN_START = end
/** Evidence that a step has gathered. */
export const STEP_EVIDENCE = field()
/** Hour since which there is any. */
export const STEP_SINCE = field()
/** Hours with sources that packets were learnt from, up to four weeks of them. */
export const PACKETS_HOURS = field()
/** Packets and sources of those hours, the older the fainter. */
export const PACKETS_SUM = field()
/** And their sources. */
export const PACKETS_SOURCES = field()
/** Relative variance of one source's packets. */
export const PACKETS_VARIANCE = field()
/** The open surge: kind (0 none), onset, its interval, detected, level before it, sums since the onset, score. */
export const OPEN_KIND = field()
/** Hour in which the open surge began. */
export const OPEN_ONSET = field()
/** It began no earlier. */
export const OPEN_ONSET_FROM = field()
/** It began no later. */
export const OPEN_ONSET_TO = field()
/** Hour after the one that showed it. */
export const OPEN_DETECTED = field()
/** Rate before it. */
export const OPEN_RATE = field()
/** Counts since its onset. */
export const OPEN_COUNT = field()
/** Exposure since its onset. */
export const OPEN_EXPOSURE = field()
/** Its score when it was found. */
export const OPEN_SCORE = field()
/** How often its onset was looked at again. */
export const OPEN_LOOKS = field()
/** Evidence that the open surge has ended, and since when. */
export const END_EVIDENCE = field()
/** Hour since which there is any. */
export const END_SINCE = field()
/** The open heavy hitter: detected (0 none), onset, last hour, packets over expected. */
export const HEAVY_DETECTED = field()
/** Hour in which it began. */
export const HEAVY_ONSET = field()
/** The last hour that showed it. */
export const HEAVY_LAST = field()
/** Its packets over what is usual. */
export const HEAVY_RATIO = field()
/** Evidence that has gathered for one that is not told yet. */
export const HEAVY_EVIDENCE = field()

/** Numbers in a row. */
export const ROW_LENGTH = end
