// The unique sources of a window that is closed, as bytes: one part a series, of kind and tag (1 byte), value (varint) and
// number (varint).
import { seriesName } from '../windows/series.ts'
import { SourceLogError, type SourceTable } from './source-log.ts'

/** The numbers of a table. */
export function encodeSourceNumbers(table: SourceTable): Uint8Array {
  const bytes: number[] = []
  const putVarint = (value: number): void => {
    while (value > 0x7f) {
      bytes.push((value % 0x80) | 0x80)
      value = Math.floor(value / 0x80)
    }
    bytes.push(value)
  }
  table.forEach((kindAndTag, value, sources) => {
    bytes.push(kindAndTag)
    putVarint(value)
    putVarint(sources)
  })
  return Uint8Array.from(bytes)
}

/** Visits every series. Throws SourceLogError where the bytes are no such list. */
export function decodeSourceNumbers(
  bytes: Uint8Array,
  visit: (kindAndTag: number, value: number, sources: number) => void
): void {
  let at = 0
  const varint = (): number => {
    for (let value = 0, factor = 1; at < bytes.length; factor *= 0x80) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw new SourceLogError(`a list of numbers ends at byte ${at}`)
  }
  while (at < bytes.length) visit(bytes[at++]!, varint(), varint())
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
