// Rows of any verb that prints few enough to hold: counts, sensors, runs.
import type { Format } from './format.ts'
import type { Sink } from './sink.ts'
import { csvLine, tableCell, tableLine, type Value } from './text.ts'

/** Rows with named columns. */
export interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Value[])[]
}

/** Lines are handed on in pieces of about this many characters. */
const PIECE_LENGTH = 1 << 16

/** Prints rows: objects with the columns as keys, or records under a line of names. */
export async function printRows({ columns, rows }: Rows, format: Format, sink: Sink): Promise<void> {
  let piece = ''
  for (const line of linesOf({ columns, rows }, format)) {
    piece += line
    if (piece.length < PIECE_LENGTH) continue
    await sink.write(piece)
    piece = ''
  }
  if (piece !== '') await sink.write(piece)
}

function linesOf(rows: Rows, format: Format): Iterable<string> {
  switch (format) {
    case 'ndjson':
      return ndjsonLines(rows)
    case 'json':
      return jsonLines(rows)
    case 'csv':
      return csvLines(rows)
    case 'table':
      return tableLines(rows)
    default:
      return format satisfies never
  }
}

function* ndjsonLines({ columns, rows }: Rows): Iterable<string> {
  for (const row of rows) yield `${objectText(columns, row)}\n`
}

function* jsonLines({ columns, rows }: Rows): Iterable<string> {
  yield '['
  for (const [i, row] of rows.entries()) yield `${i === 0 ? '\n' : ',\n'}${objectText(columns, row)}`
  yield '\n]\n'
}

function* csvLines({ columns, rows }: Rows): Iterable<string> {
  yield csvLine(columns)
  for (const row of rows) yield csvLine(row)
}

function* tableLines({ columns, rows }: Rows): Iterable<string> {
  const widths = columns.map((name) => name.length)
  for (const row of rows) {
    for (const [i, value] of row.entries()) widths[i] = Math.max(widths[i]!, tableCell(value).length)
  }
  const layout = widths.map((width, i) => ({
    width,
    isNumeric: rows.some((row) => typeof row[i] === 'number')
  }))
  yield tableLine(columns, layout)
  for (const row of rows) yield tableLine(row, layout)
}

function objectText(columns: readonly string[], row: readonly Value[]): string {
  return JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, row[i]!])))
}
