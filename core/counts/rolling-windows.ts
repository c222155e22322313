// Rolling windows over captures: packets are counted a minute, and minutes added up once the newest one is known.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { PacketColumns } from '../packets/packet-columns.ts'
import type { GroupKeys } from './group-keys.ts'
import { GroupTable } from './group-table.ts'
import type { PacketFilter } from './packet-filter.ts'
import { type CountQuery, type RollingSpan, rollingEndSeconds } from './query.ts'
import { RecentSources } from './recent-sources.ts'
import type { CountRow } from './row.ts'
import { Slices } from './slices.ts'

/** Groups of minutes that are kept before old ones are looked for and dropped. */
const FIRST_LIMIT = 1 << 18

/** Knows where rolling windows end, and makes their rows from groups whose slices are minutes. */
export class RollingWindows {
  readonly #query: CountQuery
  readonly #spans: readonly RollingSpan[]
  readonly #keys: GroupKeys
  #newestSeconds = -1
  #limit = FIRST_LIMIT
  /** Groups without their minutes: (first, second, third, place). Packets stay 0. */
  readonly #timeless = new GroupTable()
  readonly #places = new Slices(null, 'UTC')
  readonly #sources = new RecentSources()

  constructor(query: CountQuery, spans: readonly RollingSpan[], keys: GroupKeys) {
    this.#query = query
    this.#spans = spans
    this.#keys = keys
  }

  /** Looks for the newest packet, whatever the conditions. */
  observe({ packets }: EnrichedBatch, filter: PacketFilter): void {
    for (let row = 0; row < packets.length; row++) {
      const seconds = packets.seconds[row]!
      if (seconds > this.#newestSeconds && filter.isInTime(packets, row)) this.#newestSeconds = seconds
    }
  }

  /** Notes the source of a packet that was counted in a group. */
  addSource(groups: GroupTable, group: number, minutes: Slices, packets: PacketColumns, row: number): void {
    const timeless = this.#timelessGroup(groups, group, minutes, 0, this.#timeless)
    const minute = Math.floor(packets.seconds[row]! / 60)
    this.#sources.add(timeless, packets.ipVersion[row]!, packets.src, row * 4, minute)
  }

  /** True where it is time to drop old minutes. */
  isFull(groups: number): boolean {
    return Math.max(groups, this.#sources.size) > this.#limit
  }

  /** The groups that any window can still need; their sources are dropped here likewise. */
  withoutOld(groups: GroupTable, minutes: Slices): GroupTable {
    const longest = Math.max(...this.#spans.map(({ seconds }) => seconds))
    const since = rollingEndSeconds(this.#query, this.#newestSeconds) - longest
    const kept = groups.filtered((group) => startOf(groups, group, minutes) >= since)
    this.#sources.forgetBefore(Math.max(0, Math.floor(since / 60)))
    this.#limit = Math.max(FIRST_LIMIT, 2 * Math.max(kept.size, this.#sources.size))
    return kept
  }

  /** One row a span and group that has packets in it, in no order. */
  rows(groups: GroupTable, minutes: Slices): CountRow[] {
    if (this.#newestSeconds < 0) return []
    const end = rollingEndSeconds(this.#query, this.#newestSeconds)
    return this.#spans.flatMap((span) => this.#rowsOf(span, end, groups, minutes))
  }

  #rowsOf({ label, seconds }: RollingSpan, end: number, groups: GroupTable, minutes: Slices): CountRow[] {
    const windowStartSeconds = end - seconds
    const sums = new GroupTable()
    for (let group = 0; group < groups.size; group++) {
      const start = startOf(groups, group, minutes)
      if (start < windowStartSeconds || start >= end) continue
      this.#timelessGroup(groups, group, minutes, groups.packets(group), sums)
    }
    const sources = this.#query.hasSources ? this.#countSources(windowStartSeconds) : null
    const rows: CountRow[] = []
    for (let group = 0; group < sums.size; group++) {
      const { place } = this.#places.slice(sums.key(group, 3))
      rows.push({
        window: label,
        windowStartSeconds,
        vantage: place.vantage,
        keys: this.#keys.values(sums, group, place),
        packets: sums.packets(group),
        sources: sources === null ? null : sources[this.#sameGroup(sums, group)]!
      })
    }
    return rows
  }

  /** Unique sources since an instant, by number of the timeless group. */
  #countSources(sinceSeconds: number): Float64Array {
    const counts = new Float64Array(this.#timeless.size)
    this.#sources.forEach((group, lastMinute) => {
      if (lastMinute * 60 >= sinceSeconds) counts[group]! += 1
    })
    return counts
  }

  #sameGroup(table: GroupTable, group: number): number {
    return this.#timeless.add(
      table.key(group, 0),
      table.key(group, 1),
      table.key(group, 2),
      table.key(group, 3),
      0
    )
  }

  #timelessGroup(
    groups: GroupTable,
    group: number,
    minutes: Slices,
    packets: number,
    into: GroupTable
  ): number {
    const place = this.#places.at(minutes.slice(groups.key(group, 3)).place).numberAt(0)
    return into.add(groups.key(group, 0), groups.key(group, 1), groups.key(group, 2), place, packets)
  }
}

function startOf(groups: GroupTable, group: number, minutes: Slices): number {
  return minutes.slice(groups.key(group, 3)).startSeconds!
}
