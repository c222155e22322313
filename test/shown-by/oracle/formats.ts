// Readers of what verbs print, by the rules of each format alone.

/** Records of a CSV by RFC 4180: fields in quotes may hold commas, line ends and doubled quotes. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  while (field.lastIndex < text.length) {
    const match = field.exec(text)
    if (match === null) throw new Error('the text is not CSV')
    record.push(match[1]?.replaceAll('""', '"') ?? match[2]!)
    if (match[3] === ',') continue
    records.push(record)
    record = []
  }
  return records
}

/** Cells of a table: at least two spaces stand between them, and none is empty. */
export function parseTable(text: string): string[][] {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => line.trimStart().split(/ {2,}/))
}
