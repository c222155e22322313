// The cells of a CSV record on one line, by RFC 4180.

/** The cells, or null where a quote is not closed or stands where none can. */
export function csvCells(line: string): string[] | null {
  if (!line.includes('"')) return line.split(',')
  const cells: string[] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  for (;;) {
    const match = cell.exec(line)
    if (match === null) return null
    cells.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'))
    if (match[3] === '') return cell.lastIndex === line.length ? cells : null
  }
}
