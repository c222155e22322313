// Packets of one stretch of time, as the store keeps them: by port within a set of tags, by region within a set of tags,
// by AS number. A packet is three cells, whatever its tags; the series that people ask for are sums of cells.
//
// As bytes (a log) they are sections that can be put behind each other: what is twice in them counts twice. A section is
// its kind (1 byte), its word (varint), the number of its cells (varint), and a cell is the distance of its value from the
// one before (varint) and its packets (varint), in order of value.
import { PackedReader, PackedWriter } from '../packed-numbers.ts'
import { CellTable } from './cell-table.ts'
import { SERIES_KIND } from './series.ts'

/** What the word and the values of a section are. Only append: they are stored. */
export const SECTION = {
  /** The word is a set of tag bits (countedTags), the values are port codes. */
  port: 0,
  /** The word is a set of tag bits, the values are region codes. */
  region: 1,
  /** The word is 0, the values are AS numbers. */
  asn: 2,
  /** The word is a kind of series and its tag, the values are those of that kind: single series, where not all are kept. */
  series: 3
} as const

/** Cells that a small table has room for before it grows. */
const FEW_CELLS = 64

const writer = new PackedWriter()

/** Packets by (section, word, value). */
export class CountTable {
  readonly #cells: CellTable

  /** `cells` that it has room for at first. */
  constructor(cells = FEW_CELLS) {
    this.#cells = new CellTable(cells)
  }

  /** How many cells it has. */
  get size(): number {
    return this.#cells.size
  }

  /** Adds packets (1 or more) to a cell. */
  add(section: number, word: number, value: number, packets: number): void {
    this.#cells.add(section, word, value, packets)
  }

  /** Adds what a log holds, from `start` on. Throws PackedNumbersError where the bytes are no log. */
  merge(log: Uint8Array, start = 0): void {
    const reader = new PackedReader(log, start)
    while (!reader.isAtEnd) {
      const section = reader.byte()
      const word = reader.varint()
      let value = 0
      for (let cells = reader.varint(); cells > 0; cells--) {
        value += reader.varint()
        this.#cells.add(section, word, value, reader.varint())
      }
    }
  }

  /** All of it as one log, without a repetition. */
  toLog(): Uint8Array {
    for (const { section, word, values } of this.#sections()) {
      writer.byte(section)
      writer.varint(word)
      writer.varint(values.length)
      let before = 0
      for (const value of Uint32Array.from(values).sort()) {
        writer.varint(value - before)
        writer.varint(this.#cells.count(section, word, value))
        before = value
      }
    }
    return writer.finish()
  }

  /** Packets by series: (kind and tag, value, 0). */
  series(): CellTable {
    const sums = new CellTable(this.#cells.size)
    this.#cells.forEach((section, word, value, packets) => {
      switch (section) {
        case SECTION.port:
          sums.add(SERIES_KIND.all, 0, 0, packets)
          sums.add(SERIES_KIND.port, value, 0, packets)
          for (let tags = word; tags !== 0; tags &= tags - 1) {
            sums.add(SERIES_KIND.tag | lowestTag(tags), 0, 0, packets)
            sums.add(SERIES_KIND.portInTag | lowestTag(tags), value, 0, packets)
          }
          break
        case SECTION.region:
          sums.add(SERIES_KIND.region, value, 0, packets)
          for (let tags = word; tags !== 0; tags &= tags - 1)
            sums.add(SERIES_KIND.regionInTag | lowestTag(tags), value, 0, packets)
          break
        case SECTION.asn:
          sums.add(SERIES_KIND.asn, value, 0, packets)
          break
        default:
          sums.add(word, value, 0, packets)
      }
    })
    return sums
  }

  /** Forgets everything but its memory. */
  clear(): void {
    this.#cells.clear()
  }

  /** Values by section, in order of section and word. */
  #sections(): { section: number; word: number; values: number[] }[] {
    const sections = new Map<number, { section: number; word: number; values: number[] }>()
    this.#cells.forEach((section, word, value) => {
      const key = section * 2 ** 32 + word
      const of = sections.get(key)
      if (of === undefined) sections.set(key, { section, word, values: [value] })
      else of.values.push(value)
    })
    return [...sections].sort(([a], [b]) => a - b).map(([, of]) => of)
  }
}

/** The lowest tag bit as its place in a series' kind. */
function lowestTag(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) << 3
}
