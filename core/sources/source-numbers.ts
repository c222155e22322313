// The unique sources of a window that is closed, as bytes: one part a series, of kind and tag (1 byte), value (varint) and
// number (varint).
import { PackedReader, PackedWriter } from '../packed-numbers.ts'
import { seriesName } from '../windows/series.ts'
import type { SourceTable } from './source-log.ts'

const writer = new PackedWriter()

/** The numbers of a table. */
export function encodeSourceNumbers(table: SourceTable): Uint8Array {
  table.forEach((kindAndTag, value, sources) => {
    writer.byte(kindAndTag)
    writer.varint(value)
    writer.varint(sources)
  })
  return writer.finish()
}

/** Visits every series. Throws PackedNumbersError where the bytes are no such list. */
export function decodeSourceNumbers(
  bytes: Uint8Array,
  visit: (kindAndTag: number, value: number, sources: number) => void
): void {
  const reader = new PackedReader(bytes)
  while (!reader.isAtEnd) visit(reader.byte(), reader.varint(), reader.varint())
}

/** The unique sources of the named series among those that `forEach` visits; 0 for one that it does not visit. */
export function sourcesOfSeries(
  series: readonly string[],
  forEach: (visit: (kindAndTag: number, value: number, sources: number) => void) => void
): Map<string, number> {
  const numbers = new Map(series.map((one) => [one, 0]))
  forEach((kindAndTag, value, sources) => {
    const name = seriesName(kindAndTag, value)
    if (numbers.has(name)) numbers.set(name, sources)
  })
  return numbers
}
