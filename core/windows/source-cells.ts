// Which registers of which cells the store has to be told of: each about once, not once a packet. A cell with many sources
// has all its ranks here, and a source that raises none costs a look at one byte; of the others, which are a telescope's
// tail of ports and hardly ever see a source twice, only the newest are remembered.
import { GroupTable } from '../counts/group-table.ts'
import { INDEX_BITS, indexOf, rankOf, REGISTERS } from '../sources/hyperloglog.ts'
import { inSections } from '../sources/section-order.ts'
import { SourceLogWriter } from '../sources/source-log.ts'

/** A cell that told so many registers has many sources. */
const MANY = 512
/** So many cells have all their ranks, in 32 MiB. */
const MOST_RANKS = 2048
/** So many cells are known at a time: more than a telescope's ports within tags in a quarter of an hour. */
const MOST_CELLS = 1 << 20
/** Newest registers of other cells that are remembered, a power of two; 8 bytes each. */
const RECENT = 1 << 15
const FIRST_CELLS = 1024
const FIRST_ENTRIES = 4096

/** What was told once is not told again, until `forget`. */
export class SourceCells {
  /** Cells by (when, section, word, value). */
  #cells = new GroupTable()
  #ranks: (Uint8Array | undefined)[] = []
  #withRanks = 0
  /** Registers told of each cell so far, and since the last `take`. */
  #told = new Uint32Array(FIRST_CELLS)
  #pending = new Uint32Array(FIRST_CELLS)
  /** Where a cell's registers begin, while they are taken. */
  #starts = new Uint32Array(FIRST_CELLS)
  /** Cells with registers that are not taken yet. */
  #touched: number[] = []
  /** Pairs of a cell and a register that are not taken yet. */
  #entries = new Uint32Array(FIRST_ENTRIES * 2)
  #end = 0
  /** Pairs of a cell and 1, and a register. */
  readonly #recent = new Uint32Array(RECENT * 2)
  readonly #writer = new SourceLogWriter()

  /** Whether it is time to `forget`: call that between two flushes, where no number of a cell is held. */
  get isFull(): boolean {
    return this.#cells.size > MOST_CELLS || this.#withRanks === MOST_RANKS
  }

  /** The number of a cell, good until `forget`. */
  cell(when: number, section: number, word: number, value: number): number {
    const cell = this.#cells.add(when, section, word, value, 0)
    if (cell >= this.#told.length) {
      this.#told = doubled(this.#told)
      this.#pending = doubled(this.#pending)
      this.#starts = doubled(this.#starts)
    }
    return cell
  }

  /** A source of a cell, by what it does to a sketch (hyperloglog.ts). */
  enter(cell: number, register: number): void {
    const ranks = this.#ranks[cell]
    if (ranks === undefined) this.#enterRecent(cell, register)
    else if (register >>> INDEX_BITS > ranks[register & (REGISTERS - 1)]!) {
      ranks[indexOf(register)] = rankOf(register)
      this.#tell(cell, register)
    }
  }

  /** The log of each `when`, of all that is new since the last call. */
  take(): Map<number, Uint8Array> {
    const logs = new Map<number, Uint8Array>()
    if (this.#end === 0) return logs
    const registers = this.#sorted()
    const sections = inSections(this.#cells, this.#touched)
    for (const [index, { when, section, word, cells }] of sections.entries()) {
      this.#writer.startSection(section, word, cells.length)
      for (const cell of cells) {
        const count = this.#pending[cell]!
        this.#writer.startCell(this.#cells.key(cell, 3), count)
        const start = this.#starts[cell]!
        for (let i = start; i < start + count; i++) this.#writer.add(registers[i]!)
      }
      if (sections[index + 1]?.when !== when) logs.set(when, this.#writer.finish())
    }
    for (const cell of this.#touched) this.#pending[cell] = 0
    this.#touched = []
    this.#end = 0
    return logs
  }

  /** Everything will be told again: call it whenever it is not certain that all that was taken is in the store. */
  forget(): void {
    if (this.#cells.size === 0) return
    this.#cells = new GroupTable()
    this.#ranks = []
    this.#withRanks = 0
    this.#told.fill(0)
    this.#pending.fill(0)
    this.#touched = []
    this.#end = 0
    this.#recent.fill(0)
  }

  #enterRecent(cell: number, register: number): void {
    const recent = this.#recent
    const at = (Math.imul(Math.imul(cell, 0x9e3779b1) ^ register, 0x85ebca6b) >>> 17) * 2
    if (recent[at] === cell + 1 && recent[at + 1] === register) return
    recent[at] = cell + 1
    recent[at + 1] = register
    this.#tell(cell, register)
    if (this.#told[cell]! >= MANY && this.#withRanks < MOST_RANKS) {
      this.#ranks[cell] = new Uint8Array(REGISTERS)
      this.#withRanks += 1
    }
  }

  #tell(cell: number, register: number): void {
    if (this.#end === this.#entries.length) this.#entries = doubled(this.#entries)
    this.#entries[this.#end] = cell
    this.#entries[this.#end + 1] = register
    this.#end += 2
    this.#told[cell]! += 1
    const pending = this.#pending[cell]!
    if (pending === 0) this.#touched.push(cell)
    this.#pending[cell] = pending + 1
  }

  /** The registers of each touched cell behind each other; #starts says where those of each begin. */
  #sorted(): Uint32Array {
    let total = 0
    for (const cell of this.#touched) {
      this.#starts[cell] = total
      total += this.#pending[cell]!
    }
    const registers = new Uint32Array(total)
    const entries = this.#entries
    const starts = this.#starts
    for (let at = 0; at < this.#end; at += 2) registers[starts[entries[at]!]!++] = entries[at + 1]!
    for (const cell of this.#touched) starts[cell]! -= this.#pending[cell]!
    return registers
  }
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(words.length * 2)
  longer.set(words)
  return longer
}
