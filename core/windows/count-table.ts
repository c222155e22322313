// Packets of one stretch of time, as the store keeps them: by section and value (sections.ts).
//
// As bytes (a log) they are sections that can be put behind each other: what is twice in them counts twice. A section is
// its kind (1 byte), its word (varint), the number of its cells (varint), and a cell is the distance of its value from the
// one before (varint) and its packets (varint), in order of value.
import { PackedReader, PackedWriter } from '../packed-numbers.ts'
import { CellTable } from './cell-table.ts'
import { forEachSeries } from './sections.ts'

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
      forEachSeries(section, word, value, (kindAndTag, of) => sums.add(kindAndTag, of, 0, packets))
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
