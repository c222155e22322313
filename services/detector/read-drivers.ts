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
/** Keys of a dimension that are named. */
export const MOST_DRIVERS = 3

/** Series whose sources divide those of a surge: a source has one region and AS number, and mostly one port. */
interface Parts {
  readonly dimension: string
  /** The key in a series' name, or null where the series is none of these. */
  readonly keyOf: (series: string) => string | null
}

/** A surge whose drivers are wanted. */
export interface Explained {
  readonly series: string
  readonly onsetSeconds: number
}

/**
 * Drivers of each surge and dimension, greatest share first; of a series that the store keeps no parts of there are none.
 * Each hour is read once for all surges; `beforeEachHour` is awaited before each, since many take their time.
 */
export async function readDrivers<K extends Explained>(
  store: CountStore,
  surges: readonly K[],
  hourEndSeconds: number,
  beforeEachHour: () => Promise<void> = async () => undefined,
  vantage = 'all'
): Promise<Map<K, SurgeDriver[]>> {
  const rises = surges.flatMap((surge) => {
    const dimensions = partsOf(surge.series)
    return dimensions.length === 0 ? [] : [new Rise(surge, dimensions, hourEndSeconds)]
  })
  const hours = new Set(rises.flatMap((rise) => rise.hours()))
  for (const hour of [...hours].sort((a, b) => a - b)) {
    await beforeEachHour()
    const concerned = rises.filter((rise) => rise.isConcerned(hour))
    const window = { size: 'hour', zone: 'UTC', startSeconds: hour, vantage } as const
    const names = [...(await store.packets(window)).keys()]
    if (names.length === 0) continue
    const wanted = names.filter((name) => concerned.some((rise) => rise.isPart(name)))
    const sources = await store.sources(window, wanted)
    for (const rise of concerned) rise.add(hour, sources)
  }
  return new Map(rises.map((rise) => [rise.surge, rise.drivers()]))
}

/** Sources an hour of a surge's parts: in the day before its onset, and since then. */
class Rise<K extends Explained> {
  readonly surge: K
  readonly #dimensions: readonly Parts[]
  readonly #fromSeconds: number
  readonly #toSeconds: number
  readonly #usual: HourlyMean[]
  readonly #surging: HourlyMean[]

  constructor(surge: K, dimensions: readonly Parts[], hourEndSeconds: number) {
    this.surge = surge
    this.#dimensions = dimensions
    this.#fromSeconds = Math.max(surge.onsetSeconds, hourEndSeconds - MOST_SURGE_HOURS * HOUR_SECONDS)
    this.#toSeconds = hourEndSeconds
    this.#usual = dimensions.map(() => new HourlyMean())
    this.#surging = dimensions.map(() => new HourlyMean())
  }

  hours(): number[] {
    const { onsetSeconds } = this.surge
    return [
      ...hoursBetween(onsetSeconds - USUAL_HOURS * HOUR_SECONDS, onsetSeconds),
      ...hoursBetween(this.#fromSeconds, this.#toSeconds)
    ]
  }

  isConcerned(hour: number): boolean {
    const isUsual = this.#isUsual(hour) && hour >= this.surge.onsetSeconds - USUAL_HOURS * HOUR_SECONDS
    return isUsual || (hour >= this.#fromSeconds && hour < this.#toSeconds)
  }

  isPart(name: string): boolean {
    return this.#dimensions.some(({ keyOf }) => keyOf(name) !== null)
  }

  add(hour: number, sources: ReadonlyMap<string, number>): void {
    const means = this.#isUsual(hour) ? this.#usual : this.#surging
    for (const [index, { keyOf }] of this.#dimensions.entries()) means[index]!.add(sources, keyOf)
  }

  drivers(): SurgeDriver[] {
    return this.#dimensions.flatMap(({ dimension }, index) => {
      const [usual, surging] = [this.#usual[index]!.perHour(), this.#surging[index]!.perHour()]
      const counts = [...new Set([...usual.keys(), ...surging.keys()])].map((key) => ({
        key,
        usualPerHour: usual.get(key) ?? 0,
        surgePerHour: surging.get(key) ?? 0
      }))
      return driversOf(counts, MOST_DRIVERS).map(({ key, share }) => ({ dimension, key: key ?? '', share }))
    })
  }

  #isUsual(hour: number): boolean {
    return hour < this.surge.onsetSeconds
  }
}

/** Sums by key over the hours that have counts. */
class HourlyMean {
  readonly #sums = new Map<string, number>()
  #hours = 0

  add(sources: ReadonlyMap<string, number>, keyOf: Parts['keyOf']): void {
    this.#hours += 1
    for (const [name, count] of sources) {
      const key = keyOf(name)
      if (key !== null) this.#sums.set(key, (this.#sums.get(key) ?? 0) + count)
    }
  }

  perHour(): Map<string, number> {
    return new Map([...this.#sums].map(([key, sum]) => [key, sum / this.#hours]))
  }
}

function hoursBetween(fromSeconds: number, toSeconds: number): number[] {
  const first = Math.floor(fromSeconds / HOUR_SECONDS) * HOUR_SECONDS
  const hours: number[] = []
  for (let hour = first; hour < toSeconds; hour += HOUR_SECONDS) hours.push(hour)
  return hours
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
