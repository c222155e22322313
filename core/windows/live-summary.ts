// What the page of `up` shows: totals since the start, the busiest ports and regions, and unique sources.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import { unpackRegion } from '../packets/region-code.ts'
import { SourceCounter } from '../sources/source-counter.ts'
import { TAG_BITS, TAG_RULES } from '../tags/rules.ts'
import { CellTable } from './cell-table.ts'
import { portCode, portKeyOf } from './series.ts'

const KIND = { port: 1, region: 2 } as const

/** One row of a ranking. */
export interface RankedCount {
  readonly key: string
  readonly packets: number
}

/** What the page shows, as it goes over the wire. */
export interface Summary {
  readonly packets: number
  readonly rejectedFrames: number
  readonly miraiPackets: number
  /** Unique source addresses: exact while few, then within about 1 %. */
  readonly sources: number
  readonly miraiSources: number
  readonly ports: readonly RankedCount[]
  readonly regions: readonly RankedCount[]
  readonly tags: readonly RankedCount[]
  /** Packet times of the first and the last packet, in seconds since 1970; null before the first. */
  readonly firstSeconds: number | null
  readonly lastSeconds: number | null
}

/** Adds up enriched batches for as long as the process lives. */
export class LiveSummary {
  readonly #cells = new CellTable()
  readonly #sources = new SourceCounter()
  readonly #miraiSources = new SourceCounter()
  readonly #tagPackets = new Float64Array(32)
  #packets = 0
  #miraiPackets = 0
  #rejectedFrames = 0
  #firstSeconds = Number.POSITIVE_INFINITY
  #lastSeconds = Number.NEGATIVE_INFINITY

  /** Adds one batch. Give each name once. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    this.#packets += packets.length
    for (const { frames } of batch.rejected) this.#rejectedFrames += frames
    for (let row = 0; row < packets.length; row++) {
      this.#cells.add(KIND.port, portCode(packets.protocol[row]!, packets.dstPort[row]!), 0, 1)
      this.#cells.add(KIND.region, packets.region[row]!, 0, 1)
      const tags = packets.tags[row]!
      addSource(this.#sources, batch, row)
      if ((tags & TAG_BITS.mirai) !== 0) {
        this.#miraiPackets += 1
        addSource(this.#miraiSources, batch, row)
      }
      for (let rest = tags; rest !== 0; rest &= rest - 1)
        this.#tagPackets[31 - Math.clz32(rest & -rest)]! += 1
      const seconds = packets.seconds[row]!
      if (seconds < this.#firstSeconds) this.#firstSeconds = seconds
      if (seconds > this.#lastSeconds) this.#lastSeconds = seconds
    }
  }

  /** The state of this moment, rankings cut to `top` rows. */
  summary(top: number): Summary {
    const ports: RankedCount[] = []
    const regions: RankedCount[] = []
    this.#cells.forEach((kind, code, _unused, packets) => {
      if (kind === KIND.port) ports.push({ key: portKeyOf(code), packets })
      else regions.push({ key: unpackRegion(code), packets })
    })
    const tags = TAG_RULES.map(({ id, bit }) => ({ key: id, packets: this.#tagPackets[bit]! }))
    return {
      packets: this.#packets,
      rejectedFrames: this.#rejectedFrames,
      miraiPackets: this.#miraiPackets,
      sources: this.#sources.count(),
      miraiSources: this.#miraiSources.count(),
      ports: ranked(ports, top),
      regions: ranked(regions, top),
      tags: ranked(tags, top),
      firstSeconds: this.#packets === 0 ? null : this.#firstSeconds,
      lastSeconds: this.#packets === 0 ? null : this.#lastSeconds
    }
  }
}

function addSource(counter: SourceCounter, { packets }: EnrichedBatch, row: number): void {
  const at = row * 4
  const { src } = packets
  if (packets.ipVersion[row] === 4) counter.add4(src[at]!)
  else counter.add6(src[at]!, src[at + 1]!, src[at + 2]!, src[at + 3]!)
}

function ranked(rows: readonly RankedCount[], top: number): RankedCount[] {
  return rows
    .filter(({ packets }) => packets > 0)
    .sort((a, b) => b.packets - a.packets || (a.key < b.key ? -1 : 1))
    .slice(0, top)
}
