// Rows of any verb that prints few enough to hold their data: counts, sensors, runs.
import type { Format } from './format.ts'
import type { Sink } from './sink.ts'
import { csvLine, tableCell, tableLine, type Value } from './text.ts'

/** Rows with named columns. */
export interface Rows {
  readonly columns: readonly string[]
  /** Gone through once, for a table twice. */
  readonly rows: Iterable<readonly Value[]>
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
  const names = jsonNames(columns)
  for (const row of rows) yield `${objectText(names, row)}\n`
}

function* jsonLines({ columns, rows }: Rows): Iterable<string> {
  const names = jsonNames(columns)
  yield '['
  let separator = '\n'
  for (const row of rows) {
    yield `${separator}${objectText(names, row)}`
    separator = ',\n'
  }
  yield '\n]\n'
}

function* csvLines({ columns, rows }: Rows): Iterable<string> {
  yield csvLine(columns)
  for (const row of rows) yield csvLine(row)
}

function* tableLines({ columns, rows }: Rows): Iterable<string> {
  const layout = columns.map((name) => ({ width: name.length, isNumeric: false }))
  for (const row of rows) {
    for (const [i, value] of row.entries()) {
      const column = layout[i]!
      column.width = Math.max(column.width, tableCell(value).length)
      column.isNumeric ||= typeof value === 'number'
    }
  }
  yield tableLine(columns, layout)
  for (const row of rows) yield tableLine(row, layout)
}

/** What goes before each value of an object: `{"window":`, then `,"packets":`. */
function jsonNames(columns: readonly string[]): string[] {
  return columns.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`)
}

function objectText(names: readonly string[], row: readonly Value[]): string {
  let text = ''
  for (let i = 0; i < names.length; i++) {
    const value = row[i]!
    text += names[i]! + jsonText(value)
  }
  return `${text}}`
}

function jsonText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return value !== null && typeof value === 'object' ? JSON.stringify(value.items) : String(value)
}
