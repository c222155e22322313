// Collects the sources that must be added to sketches: each (window, series, source) about once, not once a packet.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { SourceCell, VantageWindow } from '../store/count-store.ts'
import { SentSources } from './sent-sources.ts'
import { countedTags, portCode, SERIES_KIND, seriesName } from './series.ts'
import { dayStartSeconds } from './time-zone.ts'

/**
 * Days begin on a quarter of an hour in every zone in use since 1972, so a source that was sent for a quarter of an
 * hour was sent for its hour and its days too.
 */
const BUCKET_SECONDS = 900
/** Tells an IPv6 source from the IPv4 source with the same first word, in the part of a key that has bits to spare. */
const IPV6_KEY = 1 << 30
/** Different origins of batches (vantages, geo data, rules) that one process can tell apart in a key. */
const MAX_ORIGINS = 512

/** Addresses by series (its kind, tag and value in one number). */
type SeriesAddresses = Map<number, Uint8Array[]>

/** Collects until `take`; what it has given once it does not give again, until `forgetSent`. */
export class SourceAccumulator {
  readonly #zones: readonly string[]
  /** By (bucket and origin, port code, tags, source): a packet like one before needs one look-up. */
  readonly #packetsSeen: SentSources
  /** By (bucket and origin, series, source). */
  readonly #sent: SentSources
  readonly #origins = new Map<string, number>()
  /** What was collected, by bucket and vantages: strings and windows are made once a flush, not once a source. */
  #collected = new Map<number, { vantages: readonly string[]; series: SeriesAddresses }>()

  /** `rememberedSources` bounds each of two tables, of 29 bytes a source; a power of two. */
  constructor(zones: readonly string[], rememberedSources = 1 << 19) {
    this.#zones = zones
    this.#packetsSeen = new SentSources(rememberedSources)
    this.#sent = new SentSources(rememberedSources)
  }

  /** Adds the sources of every packet. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    const origin = this.#originNumber(batch)
    for (let row = 0; row < packets.length; row++) {
      const when = (Math.floor(packets.seconds[row]! / BUCKET_SECONDS) * MAX_ORIGINS + origin) >>> 0
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      const family = packets.ipVersion[row] === 4 ? 0 : IPV6_KEY
      if (this.#packetsSeen.addIfNew(when, port | family, packets.tags[row]!, packets.src, row * 4)) {
        this.#addRow(batch, row, when, port)
      }
    }
  }

  /** Gives what was collected since the last call. */
  take(): SourceCell[] {
    const cells: SourceCell[] = []
    const windows = new Map<string, { window: VantageWindow; series: SeriesAddresses }>()
    for (const [when, { vantages, series }] of this.#collected) {
      const seconds = Math.floor(when / MAX_ORIGINS) * BUCKET_SECONDS
      for (const vantage of vantages) {
        for (const window of this.#windowsOf(seconds, vantage)) {
          const key = `${window.size}|${window.zone}|${window.startSeconds}|${vantage}`
          const known = windows.get(key) ?? { window, series: new Map() }
          windows.set(key, known)
          for (const [number, addresses] of series) append(known.series, number, addresses)
        }
      }
    }
    for (const { window, series } of windows.values()) {
      for (const [number, addresses] of series) cells.push({ window, series: nameOf(number), addresses })
    }
    this.#collected = new Map()
    return cells
  }

  /** Everything will be given again: call it whenever it is not certain that all that was given is in the store. */
  forgetSent(): void {
    this.#packetsSeen.clear()
    this.#sent.clear()
    this.#collected = new Map()
  }

  #addRow({ packets, vantages }: EnrichedBatch, row: number, when: number, port: number): void {
    let collected = this.#collected.get(when)
    if (collected === undefined) {
      collected = { vantages, series: new Map() }
      this.#collected.set(when, collected)
    }
    const { series } = collected
    const address = addressBytes(packets.src, row, packets.ipVersion[row]!)
    const family = packets.ipVersion[row] === 4 ? 0 : IPV6_KEY
    const add = (kind: number, value: number) => {
      if (!this.#sent.addIfNew(when, kind | family, value, packets.src, row * 4)) return
      const number = kind * VALUES + value
      const addresses = series.get(number)
      if (addresses === undefined) series.set(number, [address])
      else addresses.push(address)
    }
    const region = packets.region[row]!
    add(SERIES_KIND.all, 0)
    add(SERIES_KIND.port, port)
    add(SERIES_KIND.region, region)
    add(SERIES_KIND.asn, packets.asn[row]!)
    for (let tags = countedTags(packets.tags[row]!); tags !== 0; tags &= tags - 1) {
      const tag = (31 - Math.clz32(tags & -tags)) << 3
      add(SERIES_KIND.tag | tag, 0)
      add(SERIES_KIND.portInTag | tag, port)
      add(SERIES_KIND.regionInTag | tag, region)
    }
  }

  #windowsOf(seconds: number, vantage: string): VantageWindow[] {
    const hour: VantageWindow = {
      size: 'hour',
      zone: 'UTC',
      startSeconds: seconds - (seconds % 3600),
      vantage
    }
    const days = this.#zones.map(
      (zone): VantageWindow => ({ size: 'day', zone, startSeconds: dayStartSeconds(zone, seconds), vantage })
    )
    return [hour, ...days]
  }

  /** A source's region and ASN follow from the source only as long as the geo data are the same. */
  #originNumber({ vantages, provenance }: EnrichedBatch): number {
    const geo = provenance.geo.map(({ name, built }) => `${name} ${built}`)
    const key = [provenance.rules, ...geo, ...vantages].join('|')
    let number = this.#origins.get(key)
    if (number === undefined) {
      if (this.#origins.size === MAX_ORIGINS) {
        // Numbers are used again only after everything that was keyed by them is forgotten; nothing collected is lost.
        this.#origins.clear()
        this.#packetsSeen.clear()
        this.#sent.clear()
      }
      number = this.#origins.size
      this.#origins.set(key, number)
    }
    return number
  }
}

/** A series as one number: kind and tag above 32 bits of value. */
const VALUES = 2 ** 32

function nameOf(number: number): string {
  return seriesName(Math.floor(number / VALUES), number % VALUES)
}

function append(series: SeriesAddresses, number: number, addresses: readonly Uint8Array[]): void {
  const known = series.get(number)
  if (known === undefined) series.set(number, [...addresses])
  else for (const address of addresses) known.push(address)
}

/** The address of a row in network order: 4 bytes for IPv4, 16 for IPv6. */
function addressBytes(words: Uint32Array, row: number, ipVersion: number): Uint8Array {
  const length = ipVersion === 4 ? 4 : 16
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = words[row * 4 + (i >> 2)]! >>> (24 - (i & 3) * 8)
  return bytes
}
