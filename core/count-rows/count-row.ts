// Rows of counts from anywhere, as CSV has them.
import { csvCells } from './csv-cells.ts'

/** One row: counts of a series, perhaps at one sensor, in one hour. */
export interface CountRow {
  readonly series: string
  /** Null where the file does not tell sensors apart. */
  readonly sensor: string | null
  /** Hours since 1970, UTC. */
  readonly hour: number
  readonly packets: number
  readonly sources: number | null
  readonly darkAddresses: number | null
}

/** What a line is: a row, or what is wrong with it and what to do. */
export type ParsedRow =
  | { readonly kind: 'row'; readonly row: CountRow }
  | { readonly kind: 'bad'; readonly reason: string }

/** Where each column stands, or what is wrong with the line of names. */
export type ParsedHeader =
  | { readonly kind: 'header'; readonly columns: CountColumns }
  | { readonly kind: 'bad'; readonly reason: string }

/** Places of columns; -1 where a file has none of that name. */
export interface CountColumns {
  readonly count: number
  readonly series: number
  readonly sensor: number
  readonly windowStart: number
  readonly packets: number
  readonly sources: number
  readonly darkAddresses: number
}

const REQUIRED = ['series', 'window_start', 'packets'] as const
const HOUR_MS = 3_600_000

/** The line of names: series, window_start and packets must be there; sources, dark_addresses and sensor may. */
export function parseHeader(line: string): ParsedHeader {
  const names = csvCells(line)?.map((name) => name.trim().toLowerCase()) ?? []
  const missing = REQUIRED.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    return {
      kind: 'bad',
      reason: `the first line must name the columns; ${missing.join(', ')} is missing (there is: ${names.join(', ')})`
    }
  }
  const columns = {
    count: names.length,
    series: names.indexOf('series'),
    sensor: names.indexOf('sensor'),
    windowStart: names.indexOf('window_start'),
    packets: names.indexOf('packets'),
    sources: names.indexOf('sources'),
    darkAddresses: names.indexOf('dark_addresses')
  }
  return { kind: 'header', columns }
}

/** Reads rows; it remembers the times that it has read, since thousands of rows share one. */
export class CountRowParser {
  readonly #columns: CountColumns
  readonly #hours = new Map<string, number>()

  constructor(columns: CountColumns) {
    this.#columns = columns
  }

  parse(line: string): ParsedRow {
    const columns = this.#columns
    const cells = csvCells(line)
    if (cells === null) return bad('a quote is not closed; a cell with quotes or commas stands in quotes')
    if (cells.length !== columns.count) {
      return bad(`${cells.length} cells where the first line names ${columns.count}`)
    }
    const hour = this.#hour(cells[columns.windowStart]!)
    if (Number.isNaN(hour)) {
      return bad(
        `window_start '${cells[columns.windowStart]!}' is no whole hour in ISO 8601, such as 2022-05-11T09:00:00Z`
      )
    }
    const packets = countOf(cells[columns.packets]!)
    if (packets === null) return badCount('packets', cells[columns.packets]!)
    const sources = columns.sources < 0 ? null : countOf(cells[columns.sources]!)
    if (sources === null && columns.sources >= 0) return badCount('sources', cells[columns.sources]!)
    const darkAddresses = columns.darkAddresses < 0 ? null : countOf(cells[columns.darkAddresses]!)
    if (darkAddresses === null && columns.darkAddresses >= 0) {
      return badCount('dark_addresses', cells[columns.darkAddresses]!)
    }
    const sensor = columns.sensor < 0 ? null : cells[columns.sensor]!
    return {
      kind: 'row',
      row: { series: cells[columns.series]!, sensor, hour, packets, sources, darkAddresses }
    }
  }

  #hour(text: string): number {
    const known = this.#hours.get(text)
    if (known !== undefined) return known
    if (this.#hours.size > 20_000) this.#hours.clear()
    const hour = parseHour(text)
    this.#hours.set(text, hour)
    return hour
  }
}

/** NaN for what is no whole hour after 1970-01-01T00:00Z. A time without an offset is UTC. */
function parseHour(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d):00(?::00(?:\.0+)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text.trim())
  if (match === null) return Number.NaN
  const local = Date.parse(`${match[1]}T${match[2]}:00:00Z`)
  // Date.parse takes 31 February for 3 March.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(match[1]!)) return Number.NaN
  const offset = match[3] ?? 'Z'
  const minutes =
    offset === 'Z'
      ? 0
      : Number(`${offset[0]}1`) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2)))
  const hour = (local - minutes * 60_000) / HOUR_MS
  return Number.isInteger(hour) && hour > 0 ? hour : Number.NaN
}

function countOf(text: string): number | null {
  const value = text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) && value >= 0 ? value : null
}

function badCount(column: string, text: string): ParsedRow {
  return bad(
    `${column} '${text}' is no number from 0; where nothing was measured, leave the row out: that is a gap`
  )
}

function bad(reason: string): ParsedRow {
  return { kind: 'bad', reason }
}
