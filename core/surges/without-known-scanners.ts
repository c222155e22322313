// Known scanners are left out of what is judged: they are no threat, they come in bursts of whole networks, and half of what a
// telescope sees is theirs. A source is one or it is not, so what is left of a series is a difference.
import type { TagId } from '../tags/rules.ts'
import type { SeriesHour } from './hourly-judge.ts'

const KNOWN: TagId = 'known-scanner'
const TAG = `tag=${KNOWN}`

/**
 * The same hour without them: of all packets, each port and each region exactly (sources as well as they are known); series of
 * networks and of other tags, of which nothing says what the scanners' part is, stay as they are. Their own series are left
 * out.
 */
export function withoutKnownScanners(
  series: ReadonlyMap<string, SeriesHour>
): ReadonlyMap<string, SeriesHour> {
  if (!series.has(TAG)) return series
  const left = new Map<string, SeriesHour>()
  for (const [name, counts] of series) {
    if (name === TAG || name.endsWith(`,${TAG}`)) continue
    const theirs = series.get(name === 'all' ? TAG : `${name},${TAG}`)
    const rest = theirs === undefined ? counts : difference(counts, theirs)
    if (rest.packets > 0) left.set(name, rest)
  }
  return left
}

/** Sources are estimates: of a packet there is at most one. */
function difference(all: SeriesHour, part: SeriesHour): SeriesHour {
  const packets = Math.max(0, all.packets - part.packets)
  return { packets, sources: Math.min(packets, Math.max(0, all.sources - part.sources)) }
}
