// Collects the sources that must be kept: each (quarter of an hour, series, source) about once, not once a packet.
// Some 300 ns for a packet of a new source, of ten series or so; 140 ns for one like a packet before (bench/windows.ts).
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { SourcePart } from '../store/count-store.ts'
import { QUARTER_SECONDS } from './parts-of-windows.ts'
import { SentSources } from './sent-sources.ts'
import { countedTags, portCode, SERIES_KIND } from './series.ts'
import { SourceEntries } from './source-entries.ts'

/** Tells an IPv6 source from the IPv4 source with the same first word, in the part of a key that has bits to spare. */
const IPV6_KEY = 1 << 30
/** Different origins of batches (vantages, geo data, rules) that one process can tell apart in a key. */
const MAX_ORIGINS = 512

/** Collects until `take`; what it has given once it does not give again, until `forgetSent`. */
export class SourceAccumulator {
  /** Tags by (quarter and origin, source): its region and AS number follow from the source. */
  readonly #sent: SentSources
  /** Tags by (quarter and origin, port code, source): a packet like one before needs one look-up. */
  readonly #sentByPort: SentSources
  readonly #origins = new Map<string, number>()
  readonly #vantagesOfOrigin: (readonly string[])[] = []
  readonly #entries = new SourceEntries()
  /** Parts of origins whose numbers were given anew. */
  #early: SourcePart[] = []

  /** `rememberedSources` bounds each of two tables, of 32 bytes a source; a power of two. */
  constructor(rememberedSources = 1 << 19) {
    this.#sent = new SentSources(rememberedSources)
    this.#sentByPort = new SentSources(rememberedSources)
  }

  /** Adds the sources of every packet. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    const { src, ipVersion, seconds } = packets
    const origin = this.#originNumber(batch)
    for (let row = 0; row < packets.length; row++) {
      const when = (Math.floor(seconds[row]! / QUARTER_SECONDS) * MAX_ORIGINS + origin) >>> 0
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      const family = ipVersion[row] === 4 ? 0 : IPV6_KEY
      const tags = countedTags(packets.tags[row]!)
      const sentByPort = this.#sentByPort.addTags(when, port | family, src, row * 4, tags)
      if (sentByPort !== 0 && (tags & ~sentByPort) === 0) continue
      const sent = this.#sent.addTags(when, family, src, row * 4, tags)
      this.#entries.startSource(src, row * 4, ipVersion[row]!)
      this.#logSeries(packets, row, when, port, sent, sentByPort)
    }
  }

  /** Gives what was collected since the last call, one part a quarter and list of vantages at least. */
  take(): SourcePart[] {
    const parts = this.#early
    this.#early = []
    for (const [when, log] of this.#entries.take()) {
      parts.push({
        quarterSeconds: Math.floor(when / MAX_ORIGINS) * QUARTER_SECONDS,
        vantages: this.#vantagesOfOrigin[when % MAX_ORIGINS]!,
        log
      })
    }
    return parts
  }

  /** Everything will be given again: call it whenever it is not certain that all that was given is in the store. */
  forgetSent(): void {
    this.#sent.clear()
    this.#sentByPort.clear()
    this.#entries.clear()
    this.#early = []
  }

  /** Logs the series that the source was not sent for: `sent` and `sentByPort` are the tags that it was sent for. */
  #logSeries(
    packets: EnrichedBatch['packets'],
    row: number,
    when: number,
    port: number,
    sent: number,
    sentByPort: number
  ): void {
    const log = this.#entries
    const region = packets.region[row]!
    if (sent === 0) {
      log.add(when, SERIES_KIND.all, 0)
      log.add(when, SERIES_KIND.region, region)
      log.add(when, SERIES_KIND.asn, packets.asn[row]!)
    }
    if (sentByPort === 0) log.add(when, SERIES_KIND.port, port)
    const tags = countedTags(packets.tags[row]!)
    for (let rest = tags & ~sentByPort; rest !== 0; rest &= rest - 1) {
      log.add(when, SERIES_KIND.portInTag | tagOf(rest), port)
    }
    for (let rest = tags & ~sent; rest !== 0; rest &= rest - 1) {
      log.add(when, SERIES_KIND.tag | tagOf(rest), 0)
      log.add(when, SERIES_KIND.regionInTag | tagOf(rest), region)
    }
  }

  /** A source's region and ASN follow from the source only as long as the geo data are the same. */
  #originNumber({ vantages, provenance }: EnrichedBatch): number {
    const geo = provenance.geo.map(({ name, built }) => `${name} ${built}`)
    const key = [provenance.rules, ...geo, ...vantages].join('|')
    let number = this.#origins.get(key)
    if (number === undefined) {
      if (this.#origins.size === MAX_ORIGINS) {
        // Numbers are given anew only after everything that is keyed by them is out of the way; nothing is lost.
        this.#early = this.take()
        this.#origins.clear()
        this.#sent.clear()
        this.#sentByPort.clear()
      }
      number = this.#origins.size
      this.#origins.set(key, number)
      this.#vantagesOfOrigin[number] = vantages
    }
    return number
  }
}

/** The lowest tag bit as its place in a series' kind. */
function tagOf(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) << 3
}
