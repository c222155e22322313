// Records as lines of text: CSV by RFC 4180, and columns of a table.

/** A list in a record: as JSON each item is an object, in a line of text all are words. */
export interface ListValue {
  readonly items: readonly object[]
  readonly words: string
}

/** A value of a record; null is no value. */
export type Value = string | number | ListValue | null

function textOf(value: string | number | ListValue): string {
  return typeof value === 'object' ? value.words : String(value)
}

/** One CSV record with its line's end (CRLF): quotes only where needed, nothing for null. */
export function csvLine(values: readonly Value[]): string {
  return `${values.map(csvCell).join(',')}\r\n`
}

function csvCell(value: Value): string {
  if (value === null) return ''
  const text = textOf(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A column of a table: how wide, and whether its values stand to the right, as numbers do. */
export interface TableColumn {
  readonly width: number
  readonly isNumeric: boolean
}

/**
 * One line of a table, with `-` for null and for an empty text, so that no cell is empty; a value that is too long
 * moves the rest of its line.
 */
export function tableLine(values: readonly Value[], columns: readonly TableColumn[]): string {
  const cells = values.map((value, i) => {
    const { width, isNumeric } = columns[i]!
    const text = tableCell(value)
    return isNumeric ? text.padStart(width) : text.padEnd(width)
  })
  return `${cells.join('  ').trimEnd()}\n`
}

/** A value as a table shows it: control characters of a hostile name never reach the terminal. */
export function tableCell(value: Value): string {
  return value === null || value === '' ? '-' : textOf(value).replaceAll(/\p{Cc}/gu, '?')
}
