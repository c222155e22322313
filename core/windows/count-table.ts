// Packets of one stretch of time, as the store keeps them: by section and value (sections.ts).
//
// As bytes (a log) they are sections that can be put behind each other: what is twice in them counts twice. A section is
// its kind (1 byte), its word (varint), the number of its cells (varint), for each the distance of its value from the one
// before (varint), in order of value, and for each its packets (varint): like beside like, which deflates better.
import { PackedReader, PackedWriter, readValues } from '../packed-numbers.ts'
import { CellNumbers } from './cell-numbers.ts'
import { CellTable } from './cell-table.ts'
import { forEachSeries } from './sections.ts'
import type { WantedKinds } from './series.ts'

/** Cells that a small table has room for before it grows. */
const FEW_CELLS = 64

const writer = new PackedWriter()

/** Packets by (section, word, value). */
export class CountTable {
  readonly #cells = new CellNumbers()
  #packets = new Float64Array(FEW_CELLS)

  /** How many cells it has. */
  get size(): number {
    return this.#cells.size
  }

  /** Adds packets (1 or more) to a cell; answers its number, `size` before this call where it is new. */
  add(section: number, word: number, value: number, packets: number): number {
    const cell = this.#cells.add(section, word, value)
    if (cell === this.#packets.length) {
      const longer = new Float64Array(2 * cell)
      longer.set(this.#packets)
      this.#packets = longer
    }
    this.#packets[cell]! += packets
    return cell
  }

  /** Adds packets to a cell by its number. */
  addTo(cell: number, packets: number): void {
    this.#packets[cell]! += packets
  }

  /** The value of a cell by its number. */
  value(cell: number): number {
    return this.#cells.value(cell)
  }

  /** Adds what a log holds. Throws PackedNumbersError where the bytes are no log. */
  merge(log: Uint8Array): void {
    const reader = new PackedReader(log)
    while (!reader.isAtEnd) {
      const section = reader.byte()
      const word = reader.varint()
      for (const value of readValues(reader, reader.varint())) this.add(section, word, value, reader.varint())
    }
  }

  /** All of it as one log, without a repetition. */
  toLog(): Uint8Array {
    for (const { section, word, cells } of this.#cells.inOrder()) {
      writer.byte(section)
      writer.varint(word)
      writer.varint(cells.length)
      let before = 0
      for (const cell of cells) {
        const value = this.#cells.value(cell)
        writer.varint(value - before)
        before = value
      }
      for (const cell of cells) writer.varint(this.#packets[cell]!)
    }
    return writer.finish()
  }

  /** Packets by series: (kind and tag, value, 0); of some kinds where those are named. */
  series(isWanted: WantedKinds = () => true): CellTable {
    const cells = this.#cells
    const sums = new CellTable(cells.size)
    for (let cell = 0; cell < cells.size; cell++) {
      const packets = this.#packets[cell]!
      forEachSeries(cells.section(cell), cells.word(cell), cells.value(cell), (kindAndTag, value) => {
        if (isWanted(kindAndTag)) sums.add(kindAndTag, value, 0, packets)
      })
    }
    return sums
  }

  /** Forgets everything but its memory. */
  clear(): void {
    this.#packets.fill(0, 0, this.#cells.size)
    this.#cells.clear()
  }
}
