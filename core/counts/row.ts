// Rows of counts: one shape and one order, wherever they come from.
import { formatUtc, formatWindowStart } from '../windows/time-zone.ts'
import { type CountQuery, keyDimensions } from './query.ts'

/** A row's value in one dimension; a tag is null for packets that have none. */
export type CountKey = string | number | null

/** One line of an answer: the packets of one window that share their keys. */
export interface CountRow {
  /** 'minute', 'hour', 'day', 'all', or a rolling window's label. */
  readonly window: string
  /** Seconds since 1970; null for `all`. */
  readonly windowStartSeconds: number | null
  readonly vantage: string
  /** One a key dimension of the query, in its order: port '23/TCP', region 'JP', asn 4766, tag 'mirai', protocol 6. */
  readonly keys: readonly CountKey[]
  readonly packets: number
  /** Unique source addresses; null where not asked for. */
  readonly sources: number | null
}

/** Order of rows: start of window, then packets downwards, then window, vantage and keys upwards. */
export function compareRows(a: CountRow, b: CountRow): number {
  const byStart = (a.windowStartSeconds ?? 0) - (b.windowStartSeconds ?? 0)
  if (byStart !== 0) return byStart
  if (a.packets !== b.packets) return b.packets - a.packets
  const byName = compareKeys(a.window, b.window) || compareKeys(a.vantage, b.vantage)
  if (byName !== 0) return byName
  for (let i = 0; i < a.keys.length; i++) {
    const byKey = compareKeys(a.keys[i]!, b.keys[i]!)
    if (byKey !== 0) return byKey
  }
  return 0
}

/** Null before all; numbers by size, texts by UTF-16 code units. */
function compareKeys(a: CountKey, b: CountKey): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

/** Names of a row's fields: window, window_start, vantage, one per dimension, packets, and sources where asked for. */
export function rowColumns(query: CountQuery): string[] {
  const columns = ['window', 'window_start', 'vantage', ...keyDimensions(query), 'packets']
  return query.hasSources ? [...columns, 'sources'] : columns
}

/**
 * Answers what gives a row's values in the order of rowColumns; window_start as ISO 8601, with the zone's offset for
 * days. Rows come by window: a start's text is made once and not for each row.
 */
export function rowValues(query: CountQuery): (row: CountRow) => CountKey[] {
  let last: number | null = null
  let start: string | null = null
  return (row) => {
    if (row.windowStartSeconds !== last) start = startText(query, row)
    last = row.windowStartSeconds
    const values: CountKey[] = [row.window, start, row.vantage, ...row.keys, row.packets]
    if (query.hasSources) values.push(row.sources)
    return values
  }
}

function startText(query: CountQuery, { windowStartSeconds }: CountRow): string | null {
  if (windowStartSeconds === null) return null
  if (query.window.kind !== 'fixed') return formatUtc(windowStartSeconds)
  return formatWindowStart({ size: query.window.size, zone: query.zone, startSeconds: windowStartSeconds })
}
