// What drives a surge, from the counts that are kept: of all packets the ports, regions and networks, of a tag its ports and
// regions. Of a port or a region the store keeps no others beside it.
import type { CountStore } from '../../core/store/count-store.ts'
import { driversOf } from '../../core/surges/drivers.ts'
import type { SurgeDriver } from '../../core/surges/surge-change.ts'

const HOUR_SECONDS = 3600
/** A day before the onset is what was usual, so that every hour of the day is in it. */
const USUAL_HOURS = 24
/** Of a surge that is long under way its newest day counts. */
const MOST_SURGE_HOURS = 24
const MOST_DRIVERS = 3

/** Series whose sources divide those of a surge: a source has one region and AS number, and mostly one port. */
interface Parts {
  readonly dimension: string
  /** The key in a series' name, or null where the series is none of these. */
  readonly keyOf: (series: string) => string | null
}

/** Drivers of each dimension, greatest share first; none for a series that the store keeps no parts of. */
export async function readDrivers(
  store: CountStore,
  series: string,
  onsetSeconds: number,
  hourEndSeconds: number
): Promise<SurgeDriver[]> {
  const dimensions = partsOf(series)
  if (dimensions.length === 0) return []
  const usual = await meanSources(store, onsetSeconds - USUAL_HOURS * HOUR_SECONDS, onsetSeconds, dimensions)
  const from = Math.max(onsetSeconds, hourEndSeconds - MOST_SURGE_HOURS * HOUR_SECONDS)
  const surge = await meanSources(store, from, hourEndSeconds, dimensions)
  return dimensions.flatMap(({ dimension }, index) => {
    const keys = new Set([...usual[index]!.keys(), ...surge[index]!.keys()])
    const counts = [...keys].map((key) => ({
      key,
      usualPerHour: usual[index]!.get(key) ?? 0,
      surgePerHour: surge[index]!.get(key) ?? 0
    }))
    return driversOf(counts, MOST_DRIVERS).map(({ key, share }) => ({ dimension, key: key ?? '', share }))
  })
}

function partsOf(series: string): Parts[] {
  if (series === 'all') return ['port', 'region', 'asn'].map((dimension) => within(dimension, ''))
  const tag = /^tag=(.+)$/.exec(series)?.[1]
  return tag === undefined ? [] : ['port', 'region'].map((dimension) => within(dimension, `,tag=${tag}`))
}

function within(dimension: string, end: string): Parts {
  const start = `${dimension}=`
  return {
    dimension,
    keyOf: (series) => {
      if (!series.startsWith(start) || !series.endsWith(end)) return null
      const key = series.slice(start.length, series.length - end.length)
      return key.includes(',') ? null : key
    }
  }
}

/** Sources an hour by key, of each dimension, over the hours that have counts. */
async function meanSources(
  store: CountStore,
  fromSeconds: number,
  toSeconds: number,
  dimensions: readonly Parts[]
): Promise<Map<string, number>[]> {
  const sums = dimensions.map(() => new Map<string, number>())
  let hours = 0
  for (let start = fromSeconds; start < toSeconds; start += HOUR_SECONDS) {
    const window = { size: 'hour', zone: 'UTC', startSeconds: start, vantage: 'all' } as const
    const names = [...(await store.packets(window)).keys()]
    if (names.length === 0) continue
    hours += 1
    const wanted = names.filter((name) => dimensions.some(({ keyOf }) => keyOf(name) !== null))
    for (const [name, sources] of await store.sources(window, wanted)) {
      for (const [index, { keyOf }] of dimensions.entries()) {
        const key = keyOf(name)
        if (key !== null) sums[index]!.set(key, (sums[index]!.get(key) ?? 0) + sources)
      }
    }
  }
  for (const sum of sums) for (const [key, value] of sum) sum.set(key, value / hours)
  return sums
}
