// The unique sources of a window that is closed, as bytes: sections of kind and tag (1 byte), the number of series (varint),
// for each the distance of its value from the one before (varint), in order of value, and for each its sources (varint).
import { PackedReader, PackedWriter, readValues } from '../packed-numbers.ts'
import { GroupTable } from '../counts/group-table.ts'
import { kindsOf, rememberedName, type WantedKinds } from '../windows/series.ts'
import { inSections } from './section-order.ts'

const writer = new PackedWriter()

/** Something that visits every series with its unique sources, such as a SourceTable. */
interface SourceNumbers {
  forEach(visit: (kindAndTag: number, value: number, sources: number) => void): void
}

/** The number of every series. */
export function encodeSourceNumbers(table: SourceNumbers): Uint8Array {
  const numbers = new GroupTable()
  table.forEach((kindAndTag, value, sources) => {
    numbers.add(0, kindAndTag, 0, value, sources)
  })
  for (const { section, cells } of inSections(numbers)) {
    writer.byte(section)
    writer.varint(cells.length)
    let before = 0
    for (const cell of cells) {
      const value = numbers.key(cell, 3)
      writer.varint(value - before)
      before = value
    }
    for (const cell of cells) writer.varint(numbers.packets(cell))
  }
  return writer.finish()
}

/** Visits every series. Throws PackedNumbersError where the bytes are no such list. */
export function decodeSourceNumbers(
  bytes: Uint8Array,
  visit: (kindAndTag: number, value: number, sources: number) => void
): void {
  const reader = new PackedReader(bytes)
  while (!reader.isAtEnd) {
    const kindAndTag = reader.byte()
    const values = readValues(reader, reader.varint())
    for (const value of values) visit(kindAndTag, value, reader.varint())
  }
}

/** The unique sources of the named series among those that `forEach` visits; 0 for one that it does not visit. */
export function sourcesOfSeries(
  series: readonly string[],
  forEach: (
    visit: (kindAndTag: number, value: number, sources: number) => void,
    isWanted: WantedKinds
  ) => void
): Map<string, number> {
  const numbers = new Map(series.map((one) => [one, 0]))
  const isWanted = kindsOf(series)
  forEach((kindAndTag, value, sources) => {
    if (!isWanted(kindAndTag)) return
    const name = rememberedName(kindAndTag, value)
    if (numbers.has(name)) numbers.set(name, sources)
  }, isWanted)
  return numbers
}
