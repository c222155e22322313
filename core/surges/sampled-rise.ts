// What a surge is made of, by a sample of its packets: of every dimension that its own name leaves open.
import type { PacketColumns } from '../packets/packet-columns.ts'
import { unpackRegion } from '../packets/region-code.ts'
import { TAG_BITS, type TagId } from '../tags/rules.ts'
import { parseSeries, portCode, portKeyOf, SERIES_KIND } from '../windows/series.ts'
import { type DriverCounts, driversOf } from './drivers.ts'
import type { SurgeDriver } from './surge-change.ts'

/** Tags that say which tool made a packet; it is of the first of them that it has, since it may have several tags. */
const TOOLS: readonly TagId[] = ['mirai', 'masscan', 'zmap', 'backscatter']
/** A day of packets is as much as a surge's parts need. */
const LONGEST_SECONDS = 86_400
/** What comes right before the onset may be of the surge: it is known to the hour. */
const GUARD_SECONDS = 3600

/** Two spans of the same length: what was usual, and the surge. Ends are exclusive. */
export interface RiseSpans {
  readonly usual: readonly [fromSeconds: number, toSeconds: number]
  readonly surge: readonly [fromSeconds: number, toSeconds: number]
}

/** The newest day of a surge at most, and as long a span that ends an hour before its onset. */
export function riseSpans(onsetSeconds: number, toSeconds: number): RiseSpans {
  const length = Math.min(LONGEST_SECONDS, toSeconds - onsetSeconds)
  const usualTo = onsetSeconds - GUARD_SECONDS
  return { usual: [usualTo - length, usualTo], surge: [toSeconds - length, toSeconds] }
}

/** The keys of one dimension, and how a packet's is found. */
interface Dimension {
  readonly name: string
  readonly keyOf: (packets: PacketColumns, row: number, sensor: string) => string
}

const DIMENSIONS: readonly Dimension[] = [
  {
    name: 'port',
    keyOf: (packets, row) => portKeyOf(portCode(packets.protocol[row]!, packets.dstPort[row]!))
  },
  { name: 'region', keyOf: (packets, row) => unpackRegion(packets.region[row]!) },
  { name: 'asn', keyOf: (packets, row) => String(packets.asn[row]!) },
  { name: 'tag', keyOf: (packets, row) => toolOf(packets.tags[row]!) },
  { name: 'sensor', keyOf: (_packets, _row, sensor) => sensor }
]

/** Gathers the sources of one surge's packets, by key of each dimension. */
export class SampledRise {
  readonly spans: RiseSpans
  readonly #isOfSeries: (packets: PacketColumns, row: number) => boolean
  readonly #dimensions: readonly {
    readonly dimension: Dimension
    readonly usual: Sources
    readonly surge: Sources
  }[]
  readonly #usualSources = new Set<string>()
  readonly #surgeSources = new Set<string>()

  /** `series` as a store names it. */
  constructor(series: string, spans: RiseSpans) {
    this.spans = spans
    this.#isOfSeries = memberOf(series)
    const fixed = new Set(series.split(',').map((part) => part.split('=')[0]!))
    this.#dimensions = DIMENSIONS.filter(({ name }) => !fixed.has(name)).map((dimension) => ({
      dimension,
      usual: new Map(),
      surge: new Map()
    }))
  }

  /** Packets of a sensor; those of another series or time are left out. */
  add(packets: PacketColumns, sensor: string): void {
    const { usual, surge } = this.spans
    for (let row = 0; row < packets.length; row++) {
      const seconds = packets.seconds[row]!
      const isUsual = seconds >= usual[0] && seconds < usual[1]
      if ((!isUsual && (seconds < surge[0] || seconds >= surge[1])) || !this.#isOfSeries(packets, row))
        continue
      const source = packets.src.subarray(4 * row, 4 * row + 4).join()
      ;(isUsual ? this.#usualSources : this.#surgeSources).add(source)
      for (const each of this.#dimensions) {
        const sources = isUsual ? each.usual : each.surge
        const key = each.dimension.keyOf(packets, row, sensor)
        const known = sources.get(key)
        if (known === undefined) sources.set(key, new Set([source]))
        else known.add(source)
      }
    }
  }

  /**
   * Drivers of each dimension, greatest share first, at most `most` and the rest; none where nothing rose in the sample. With
   * `isWhole`, where the sample is all that came, also which share of the surge's sources is new.
   */
  drivers(most: number, isWhole: boolean): SurgeDriver[] {
    const drivers = this.#dimensions.flatMap(({ dimension, usual, surge }) =>
      driversOf(countsOf(usual, surge), most).map(
        ({ key, share }): SurgeDriver => ({ dimension: dimension.name, key: key ?? '', share })
      )
    )
    return drivers.length > 0 && isWhole ? [...drivers, ...this.#newcomers()] : drivers
  }

  #newcomers(): SurgeDriver[] {
    const all = this.#surgeSources.size
    const added = [...this.#surgeSources].filter((source) => !this.#usualSources.has(source)).length
    const shares = [
      { key: 'new', share: added / all },
      { key: 'known', share: (all - added) / all }
    ]
    return shares.filter(({ share }) => share > 0).map((each) => ({ dimension: 'source', ...each }))
  }
}

/** Sources by key. */
type Sources = Map<string, Set<string>>

function countsOf(usual: Sources, surge: Sources): DriverCounts[] {
  return [...new Set([...usual.keys(), ...surge.keys()])].map((key) => ({
    key,
    usualPerHour: usual.get(key)?.size ?? 0,
    surgePerHour: surge.get(key)?.size ?? 0
  }))
}

function toolOf(tags: number): string {
  return TOOLS.find((id) => (tags & TAG_BITS[id]) !== 0) ?? 'other'
}

/** Whether a packet is one of a series'. Of a series that nothing knows there is none. */
function memberOf(series: string): (packets: PacketColumns, row: number) => boolean {
  const numbers = parseSeries(series)
  if (numbers === null) return () => false
  const { kindAndTag, value } = numbers
  const isOfValue = valueMember(kindAndTag & 7, value)
  const bit = kindAndTag >>> 3
  if ((kindAndTag & 7) < SERIES_KIND.tag) return isOfValue
  // What has no tag at all is a series, too.
  const hasTag = (tags: number): boolean => (bit === 31 ? tags === 0 : (tags & (1 << bit)) !== 0)
  return (packets, row) => hasTag(packets.tags[row]!) && isOfValue(packets, row)
}

function valueMember(kind: number, value: number): (packets: PacketColumns, row: number) => boolean {
  switch (kind) {
    case SERIES_KIND.port:
    case SERIES_KIND.portInTag:
      return (packets, row) => portCode(packets.protocol[row]!, packets.dstPort[row]!) === value
    case SERIES_KIND.region:
    case SERIES_KIND.regionInTag:
      return (packets, row) => packets.region[row] === value
    case SERIES_KIND.asn:
      return (packets, row) => packets.asn[row] === value
    default:
      return () => true
  }
}
