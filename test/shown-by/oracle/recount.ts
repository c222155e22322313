// Counts made the slow way, from the records of `tag` alone: no code is shared with the counters.
import type { TagRecord } from './tag-record.ts'

export type Dimension = 'port' | 'region' | 'asn' | 'protocol' | 'tag'

/** A row of `counts --format ndjson`, whatever its dimensions. */
export type CountRow = Readonly<Record<string, string | number | null>>

export interface Recount {
  readonly by: readonly Dimension[]
  readonly hasSources: boolean
  /** Which packets are counted; all where it is left out. */
  readonly admits?: (record: TagRecord) => boolean
  /** Name and start of the windows that hold an instant. */
  readonly windowsOf: (seconds: number) => readonly (readonly [name: string, start: string | null])[]
}

/** Rows in no order that means anything. */
export function recount(records: readonly TagRecord[], how: Recount): CountRow[] {
  const rows = new Map<string, { row: CountRow; packets: number; sources: Set<string> }>()
  for (const record of records) {
    if (record.rejected !== null || how.admits?.(record) === false) continue
    for (const [window, start] of how.windowsOf(secondsOf(record))) {
      for (const keys of keysOf(record, how.by)) {
        const row = { window, window_start: start, vantage: 'all', ...keys }
        const name = JSON.stringify(row)
        const found = rows.get(name) ?? { row, packets: 0, sources: new Set() }
        found.packets += 1
        found.sources.add(record.src!)
        rows.set(name, found)
      }
    }
  }
  return [...rows.values()].map(({ row, packets, sources }) => ({
    ...row,
    packets,
    ...(how.hasSources ? { sources: sources.size } : {})
  }))
}

/** Rows as texts in one order, to be compared. */
export function sorted(rows: readonly CountRow[]): string[] {
  return rows.map((row) => JSON.stringify(row, Object.keys(row).toSorted())).toSorted()
}

/** Whole seconds since 1970 of a packet. */
export function secondsOf({ timestamp }: TagRecord): number {
  return Math.floor(Date.parse(timestamp!) / 1000)
}

/** One set of keys, or one a tag. */
function keysOf(record: TagRecord, by: readonly Dimension[]): Record<string, string | number | null>[] {
  const tags = by.includes('tag') && record.tags!.length > 0 ? record.tags! : [null]
  return tags.map((tag) => {
    const values = {
      port: portOf(record),
      region: record.region,
      asn: record.asn,
      protocol: record.protocol,
      tag
    }
    return Object.fromEntries(by.map((dimension) => [dimension, values[dimension]]))
  })
}

const NAMES: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' }

function portOf({ protocol, dst_port }: TagRecord): string {
  const name = NAMES[protocol!]
  if (name === undefined) return `${protocol}/IP`
  return dst_port === null ? name : `${dst_port}/${name}`
}
