// Counts of windows as lines of JSON, for keeping them elsewhere and for giving them to another store. The first line says
// what the file is, each other line is one window at one vantage; docs/exports.md describes both.
import { encodeSourceNumbers } from '../sources/source-numbers.ts'
import { CountTable } from '../windows/count-table.ts'
import { parseSeries, type SeriesNumbers } from '../windows/series.ts'
import { SECTION } from '../windows/sections.ts'
import { formatUtc, resolveTimeZone, windowStartSeconds } from '../windows/time-zone.ts'
import type { VantageWindow } from '../store/count-store.ts'

/** The first line of every file. */
export const EXPORT_HEADER = '{"format":"stormpetrel-counts","version":1}'

/** Packets and unique sources of one series. */
export interface SeriesCount {
  /** 'all', 'port=23/TCP' ... as a store names them. */
  readonly series: string
  readonly packets: number
  readonly sources: number
}

/** One window at one vantage. */
export interface ExportedWindow {
  readonly window: VantageWindow
  readonly counts: readonly SeriesCount[]
}

/** The line of a window; the same counts give the same line, whatever their order. */
export function exportLine({ window, counts }: ExportedWindow): string {
  const { size, zone, startSeconds, vantage } = window
  const ordered = [...counts].sort((a, b) => (a.series < b.series ? -1 : 1))
  return JSON.stringify({
    window: size,
    zone,
    window_start: formatUtc(startSeconds),
    vantage,
    series: Object.fromEntries(ordered.map(({ series, packets, sources }) => [series, [packets, sources]]))
  })
}

/** What a line is, or why it is none. */
export type ParsedLine =
  | { readonly kind: 'window'; readonly window: ExportedWindow; readonly unknown: readonly string[] }
  | { readonly kind: 'invalid'; readonly why: string }

/** The inverse of exportLine. Series of tags that this version does not know are left out and listed as unknown. */
export function parseExportLine(line: string): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return invalid('it is no JSON')
  }
  if (!isRecord(value)) return invalid('it is no object')
  const window = windowOf(value)
  if (typeof window === 'string') return invalid(window)
  if (!isRecord(value.series)) return invalid('it has no series')
  const counts: SeriesCount[] = []
  const unknown: string[] = []
  for (const [series, numbers] of Object.entries(value.series)) {
    if (!isPair(numbers)) return invalid(`series ${series} has no packets and sources`)
    const [packets, sources] = numbers
    if (parseSeries(series) === null) unknown.push(series)
    else counts.push({ series, packets, sources })
  }
  return { kind: 'window', window: { window, counts }, unknown }
}

function invalid(why: string): ParsedLine {
  return { kind: 'invalid', why }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Packets at least 1; sources, which are estimated, may be a little more. */
function isPair(value: unknown): value is [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [packets, sources] = value as unknown[]
  return isCount(packets) && isCount(sources) && packets >= 1
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** The window, or why it is none. */
function windowOf(value: Readonly<Record<string, unknown>>): VantageWindow | string {
  const { window: size, zone, window_start: start, vantage } = value
  if (size !== 'hour' && size !== 'day')
    return `window is ${JSON.stringify(size)}, and 'hour' or 'day' is wanted`
  if (typeof zone !== 'string' || resolveTimeZone(zone) === null) return 'zone is no IANA time zone'
  if (size === 'hour' && zone !== 'UTC') return 'hours are of UTC'
  if (typeof vantage !== 'string' || vantage === '') return 'vantage is missing'
  const startSeconds = typeof start === 'string' ? Date.parse(start) / 1000 : Number.NaN
  if (!(startSeconds >= 0) || windowStartSeconds(size, zone, startSeconds) !== startSeconds) {
    return `window_start ${JSON.stringify(start)} is no start of such a ${size}`
  }
  return { size, zone, startSeconds, vantage }
}

/** The counts as a store keeps packets. Throws RangeError where a series is none that a store has. */
export function countTableOf(counts: readonly SeriesCount[]): CountTable {
  const table = new CountTable()
  for (const { series, packets } of counts) {
    const { kindAndTag, value } = numbersOf(series)
    table.add(SECTION.series, kindAndTag, value, packets)
  }
  return table
}

/** The unique sources as a store keeps them of a closed window. Throws RangeError likewise. */
export function sourceNumbersOf(counts: readonly SeriesCount[]): Uint8Array {
  return encodeSourceNumbers({
    forEach: (visit) => {
      for (const { series, sources } of counts) {
        const { kindAndTag, value } = numbersOf(series)
        visit(kindAndTag, value, sources)
      }
    }
  })
}

function numbersOf(series: string): SeriesNumbers {
  const numbers = parseSeries(series)
  if (numbers === null) throw new RangeError(`series ${series}`)
  return numbers
}
