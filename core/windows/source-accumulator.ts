// Collects the sources that must be added to sketches: each (window, series, source) about once, not once a packet.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { SourceCell, VantageWindow } from '../store/count-store.ts'
import { SentSources } from './sent-sources.ts'
import { SERIES_KIND, portCode, seriesName } from './series.ts'
import { dayStartSeconds } from './time-zone.ts'

/**
 * Days begin on a quarter of an hour in every zone in use since 1972, so a source that was sent for a quarter of an
 * hour was sent for its hour and its days too.
 */
const BUCKET_SECONDS = 900
/** Different origins of batches (vantages, geo data, rules) that one process can tell apart in a key. */
const MAX_ORIGINS = 512

/** Collects until `take`; what it has given once it does not give again, until `forgetSent`. */
export class SourceAccumulator {
  readonly #zones: readonly string[]
  /** By (bucket and origin, port code, tags, source): a packet like one before needs one look-up. */
  readonly #packetsSeen = new SentSources()
  /** By (bucket and origin, series, source). */
  readonly #sent = new SentSources()
  readonly #origins = new Map<string, number>()
  #cells = new Map<string, { window: VantageWindow; series: string; addresses: Uint8Array[] }>()

  constructor(zones: readonly string[]) {
    this.#zones = zones
  }

  /** Adds the sources of every packet. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    const origin = this.#originNumber(batch)
    for (let row = 0; row < packets.length; row++) {
      const bucket = Math.floor(packets.seconds[row]! / BUCKET_SECONDS)
      const when = (bucket * MAX_ORIGINS + origin) >>> 0
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      const tags = packets.tags[row]!
      if (!this.#packetsSeen.addIfNew(when, port, tags, packets.src, row * 4)) continue
      const region = packets.region[row]!
      this.#addSeries(batch, row, when, bucket, SERIES_KIND.all, 0)
      this.#addSeries(batch, row, when, bucket, SERIES_KIND.port, port)
      this.#addSeries(batch, row, when, bucket, SERIES_KIND.region, region)
      this.#addSeries(batch, row, when, bucket, SERIES_KIND.asn, packets.asn[row]!)
      for (let rest = tags; rest !== 0; rest &= rest - 1) {
        const tag = (31 - Math.clz32(rest & -rest)) << 3
        this.#addSeries(batch, row, when, bucket, SERIES_KIND.tag | tag, 0)
        this.#addSeries(batch, row, when, bucket, SERIES_KIND.portInTag | tag, port)
        this.#addSeries(batch, row, when, bucket, SERIES_KIND.regionInTag | tag, region)
      }
    }
  }

  /** Gives what was collected since the last call. */
  take(): SourceCell[] {
    const cells = [...this.#cells.values()]
    this.#cells = new Map()
    return cells
  }

  /** Everything will be given again: call it whenever it is not certain that all that was given is in the store. */
  forgetSent(): void {
    this.#packetsSeen.clear()
    this.#sent.clear()
    this.#cells = new Map()
  }

  #addSeries(
    batch: EnrichedBatch,
    row: number,
    when: number,
    bucket: number,
    kind: number,
    value: number
  ): void {
    const { packets } = batch
    if (!this.#sent.addIfNew(when, kind, value, packets.src, row * 4)) return
    const address = addressBytes(packets.src, row, packets.ipVersion[row]!)
    const seconds = bucket * BUCKET_SECONDS
    const series = seriesName(kind, value)
    for (const vantage of batch.vantages) {
      this.#push(
        { size: 'hour', zone: 'UTC', startSeconds: seconds - (seconds % 3600), vantage },
        series,
        address
      )
      for (const zone of this.#zones) {
        this.#push(
          { size: 'day', zone, startSeconds: dayStartSeconds(zone, seconds), vantage },
          series,
          address
        )
      }
    }
  }

  #push(window: VantageWindow, series: string, address: Uint8Array): void {
    const key = `${window.size}|${window.zone}|${window.startSeconds}|${window.vantage}|${series}`
    const cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, { window, series, addresses: [address] })
    else cell.addresses.push(address)
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

/** The address of a row in network order: 4 bytes for IPv4, 16 for IPv6. */
function addressBytes(words: Uint32Array, row: number, ipVersion: number): Uint8Array {
  const length = ipVersion === 4 ? 4 : 16
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = words[row * 4 + (i >> 2)]! >>> (24 - (i & 3) * 8)
  return bytes
}
