// Collects the sources that must be kept: each (quarter of an hour, cell, source) about once, not once a packet.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { SourcePart } from '../store/count-store.ts'
import { QUARTER_SECONDS } from './parts-of-windows.ts'
import { SentSources } from './sent-sources.ts'
import { SECTION } from './sections.ts'
import { countedTags, portCode } from './series.ts'
import { SourceEntries } from './source-entries.ts'

/** A telescope of half a million packets a second has so many sources and ports in some minutes. */
const REMEMBERED_SOURCES = 1 << 21
/** Different origins of batches (vantages, geo data, rules) that one process can tell apart in a key. */
const MAX_ORIGINS = 512

/** Collects until `take`; what it has given once it does not give again, until `forgetSent`. */
export class SourceAccumulator {
  /** By (quarter and origin, tags, source): its region and AS number follow from the source. */
  readonly #sent: SentSources
  /** By (quarter and origin, port code, tags, source): a packet like one before needs one look-up. */
  readonly #sentByPort: SentSources
  readonly #origins = new Map<string, number>()
  readonly #vantagesOfOrigin: (readonly string[])[] = []
  readonly #entries = new SourceEntries()
  /** Parts of origins whose numbers were given anew. */
  #early: SourcePart[] = []

  /** `rememberedSources` bounds each of two sets, of 16 bytes a source; a power of two. */
  constructor(rememberedSources = REMEMBERED_SOURCES) {
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
      const tags = countedTags(packets.tags[row]!)
      const version = ipVersion[row]!
      const at = row * 4
      if (!this.#sentByPort.add(when, port, tags, src, at, version)) continue
      this.#entries.startSource(src, at, version)
      this.#entries.add(when, SECTION.port, tags, port)
      if (!this.#sent.add(when, 0, tags, src, at, version)) continue
      this.#entries.add(when, SECTION.region, tags, packets.region[row]!)
      this.#entries.add(when, SECTION.asn, 0, packets.asn[row]!)
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
