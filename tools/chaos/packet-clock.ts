// When the captures are said to be from: recent enough for the live clock rule and for minutes to be kept.

const DAY_SECONDS = 86_400
const TOKYO_SECONDS = 9 * 3600
/** Packets may be an hour ahead of their batch; minutes are kept for 26 hours. */
const NEWEST_SECONDS = 600
const OLDEST_SECONDS = 24 * 3600

/**
 * The start, in seconds since 1970, of captures over so many seconds: a midnight of UTC or of Tokyo lies in their
 * middle where that can be, so that days end too.
 */
export function startOfCaptures(nowSeconds: number, spanSeconds: number): number {
  const midnights = [0, TOKYO_SECONDS].flatMap((shift) => {
    const last = Math.floor((nowSeconds + shift) / DAY_SECONDS) * DAY_SECONDS - shift
    return [last, last - DAY_SECONDS]
  })
  const starts = midnights.map((midnight) => Math.floor(midnight - spanSeconds / 2))
  const possible = starts.filter(
    (start) => start > nowSeconds - OLDEST_SECONDS && start + spanSeconds < nowSeconds - NEWEST_SECONDS
  )
  return possible.length > 0 ? Math.max(...possible) : Math.floor(nowSeconds - NEWEST_SECONDS - spanSeconds)
}
