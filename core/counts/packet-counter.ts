// Counts packets by any combination of dimensions, in one pass and any order of time. About 40 ns a packet by port
// and hour (bench/counts.ts).
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import { SourceCounter } from '../sources/source-counter.ts'
import { GroupKeys, TAG_SHIFT } from './group-keys.ts'
import { GroupTable } from './group-table.ts'
import { PacketFilter } from './packet-filter.ts'
import { type CountQuery, vantagesAsked } from './query.ts'
import { RollingWindows } from './rolling-windows.ts'
import { type CountRow, compareRows } from './row.ts'
import { type Place, type PlaceSlices, Slices } from './slices.ts'

/** Answers one query over enriched batches; give each batch once, in any order. */
export class PacketCounter {
  readonly #query: CountQuery
  readonly #filter: PacketFilter
  readonly #keys: GroupKeys
  readonly #slices: Slices
  readonly #rolling: RollingWindows | null
  #groups = new GroupTable()
  /** Sources of each group by its number; empty where not asked for, or kept by the rolling windows. */
  readonly #sources: SourceCounter[] = []

  constructor(query: CountQuery) {
    this.#query = query
    this.#filter = new PacketFilter(query)
    this.#keys = new GroupKeys(query)
    const { window } = query
    const sizes = {
      fixed: window.kind === 'fixed' ? window.size : null,
      all: null,
      rolling: 'minute'
    } as const
    this.#slices = new Slices(sizes[window.kind], query.zone)
    this.#rolling = window.kind === 'rolling' ? new RollingWindows(query, window.spans, this.#keys) : null
  }

  /** Counts the packets that are asked for. Keeps nothing of the batch. */
  add(batch: EnrichedBatch): void {
    const { sensors } = this.#query.where
    this.#rolling?.observe(batch, this.#filter)
    if (sensors.length > 0 && !sensors.includes(batch.name.sensor)) return
    for (const place of placesOf(batch, this.#query)) this.#count(batch, this.#slices.at(place))
    if (this.#rolling?.isFull(this.#groups.size)) {
      this.#groups = this.#rolling.withoutOld(this.#groups, this.#slices)
    }
  }

  /** The rows so far, in their order. */
  rows(): CountRow[] {
    const rows = this.#rolling === null ? this.#fixedRows() : this.#rolling.rows(this.#groups, this.#slices)
    return rows.sort(compareRows)
  }

  #count({ packets }: EnrichedBatch, slices: PlaceSlices): void {
    const keys = this.#keys
    const filter = this.#filter
    const groups = this.#groups
    const { isByTag } = keys
    const hasSources = this.#query.hasSources
    for (let row = 0; row < packets.length; row++) {
      if (!filter.admitsAll && !filter.admits(packets, row)) continue
      const slice = slices.numberAt(packets.seconds[row]!)
      const first = keys.first(packets, row)
      const second = keys.second(packets, row)
      const third = keys.third(packets, row)
      let tags = isByTag ? packets.tags[row]! : 0
      do {
        const tag = tags === 0 ? 0 : 32 - Math.clz32(tags & -tags)
        const group = groups.add(first | (tag << TAG_SHIFT), second, third, slice, 1)
        if (hasSources) this.#addSource(group, packets, row)
        tags &= tags - 1
      } while (tags !== 0)
    }
  }

  #addSource(group: number, packets: EnrichedBatch['packets'], row: number): void {
    if (this.#rolling !== null) {
      this.#rolling.addSource(this.#groups, group, this.#slices, packets, row)
      return
    }
    if (group === this.#sources.length) this.#sources.push(new SourceCounter())
    const counter = this.#sources[group]!
    const { src } = packets
    const at = row * 4
    if (packets.ipVersion[row] === 4) counter.add4(src[at]!)
    else counter.add6(src[at]!, src[at + 1]!, src[at + 2]!, src[at + 3]!)
  }

  #fixedRows(): CountRow[] {
    const { window, hasSources } = this.#query
    const name = window.kind === 'fixed' ? window.size : window.kind
    const rows: CountRow[] = []
    for (let group = 0; group < this.#groups.size; group++) {
      const { place, startSeconds } = this.#slices.slice(this.#groups.key(group, 3))
      rows.push({
        window: name,
        windowStartSeconds: startSeconds,
        vantage: place.vantage,
        keys: this.#keys.values(this.#groups, group, place),
        packets: this.#groups.packets(group),
        sources: hasSources ? this.#sources[group]!.count() : null
      })
    }
    return rows
  }
}

/** Where a batch is counted: at each vantage asked for that its sensor belongs to. */
function placesOf(batch: EnrichedBatch, query: CountQuery): Place[] {
  const asked = vantagesAsked(query)
  const sensor = query.by.includes('sensor') ? batch.name.sensor : null
  const vantages = new Set(batch.vantages.filter((vantage) => asked === null || asked.includes(vantage)))
  return [...vantages].map((vantage) => ({ sensor, vantage }))
}
