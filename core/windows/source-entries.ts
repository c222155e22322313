// Sources by cell in the order in which they come, as numbers in typed arrays: an entry a cell and no object. Sorted by cell
// once, at the end.
import { GroupTable } from '../counts/group-table.ts'
import { registerOf } from '../sources/hyperloglog.ts'
import { type Hash64, hash4, hash16 } from '../sources/murmur64a.ts'
import { inSections } from '../sources/section-order.ts'
import { SourceLogWriter } from '../sources/source-log.ts'

const FIRST_ENTRIES = 4096

const hash: Hash64 = { high: 0, low: 0 }

/** `startSource`, then `add` for each of its cells; `take` gives everything and forgets it. */
export class SourceEntries {
  /** Cells by (when, section, word, value); their packets are sources. */
  #cells = new GroupTable()
  /** Pairs of a cell's number and a register. */
  #entries = new Uint32Array(FIRST_ENTRIES * 2)
  #end = 0
  #register = 0
  readonly #writer = new SourceLogWriter()

  /** The source of the cells that follow: four words at src[at]. */
  startSource(src: Uint32Array, at: number, ipVersion: number): void {
    if (ipVersion === 4) hash4(src[at]!, hash)
    else hash16(src[at]!, src[at + 1]!, src[at + 2]!, src[at + 3]!, hash)
    this.#register = registerOf(hash)
  }

  /** The source is one of this cell (sections.ts). */
  add(when: number, section: number, word: number, value: number): void {
    if (this.#end === this.#entries.length) this.#entries = doubled(this.#entries)
    this.#entries[this.#end] = this.#cells.add(when, section, word, value, 1)
    this.#entries[this.#end + 1] = this.#register
    this.#end += 2
  }

  /** The log of each `when`. */
  take(): Map<number, Uint8Array> {
    const logs = new Map<number, Uint8Array>()
    if (this.#end === 0) return logs
    const cells = this.#cells
    const registers = new Uint32Array(this.#end / 2)
    const starts = this.#sort(registers)
    const sections = inSections(cells)
    for (const [index, { when, section, word, cells: own }] of sections.entries()) {
      this.#writer.startSection(section, word, own.length)
      for (const cell of own) {
        const count = cells.packets(cell)
        this.#writer.startCell(cells.key(cell, 3), count)
        const start = starts[cell]!
        for (let i = start; i < start + count; i++) this.#writer.add(registers[i]!)
      }
      if (sections[index + 1]?.when !== when) logs.set(when, this.#writer.finish())
    }
    this.clear()
    return logs
  }

  clear(): void {
    if (this.#end > 0) this.#cells = new GroupTable()
    this.#end = 0
  }

  /** Puts the registers of each cell behind each other; answers where those of each begin. */
  #sort(registers: Uint32Array): Uint32Array {
    const cells = this.#cells
    const starts = new Uint32Array(cells.size)
    let total = 0
    for (let number = 0; number < cells.size; number++) {
      starts[number] = total
      total += cells.packets(number)
    }
    const next = starts.slice()
    const entries = this.#entries
    for (let at = 0; at < this.#end; at += 2) registers[next[entries[at]!]!++] = entries[at + 1]!
    return starts
  }
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(words.length * 2)
  longer.set(words)
  return longer
}
