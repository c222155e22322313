// Sources of many cells (core/windows/sections.ts) as bytes that can be put behind each other: what a store keeps of unique
// sources. Repeating a part changes nothing, and neither does the order of parts, since a register only rises.
//
// A log is a sequence of sections: the kind (1 byte), its word (varint), the number of its cells (varint), and for each the
// distance of its value from the one before (varint), the number of its registers (varint), and 3 bytes a register,
// little-endian (hyperloglog.ts). The number 0 stands for all 16,384 ranks, 6 bits each.

import type { WantedKinds } from '../windows/series.ts'
import { PackedReader, PackedWriter } from '../packed-numbers.ts'
import { GroupTable } from '../counts/group-table.ts'
import { forEachSeries, SECTION } from '../windows/sections.ts'
import { inSections } from './section-order.ts'
import { estimate, INDEX_BITS, indexOf, RANKS, rankOf, REGISTERS } from './hyperloglog.ts'

const REGISTER_BYTES = 3
const DENSE_BYTES = (REGISTERS / 4) * 3
/** From so many registers on all of them take less room. */
const DENSE_FROM = DENSE_BYTES / REGISTER_BYTES

/** Writes a log: `startSection`, then `startCell` as often as announced, and after each as many registers as announced. */
export class SourceLogWriter {
  readonly #writer = new PackedWriter()
  #value = 0

  startSection(section: number, word: number, cells: number): void {
    this.#writer.byte(section)
    this.#writer.varint(word)
    this.#writer.varint(cells)
    this.#value = 0
  }

  /** In order of value; `registers` at least one. */
  startCell(value: number, registers: number): void {
    this.#writer.varint(value - this.#value)
    this.#writer.varint(registers)
    this.#value = value
  }

  add(register: number): void {
    const writer = this.#writer
    writer.byte(register)
    writer.byte(register >>> 8)
    writer.byte(register >>> 16)
  }

  /** A cell with all its registers, a rank each. */
  addAll(value: number, ranks: Uint8Array): void {
    this.startCell(value, 0)
    for (let at = 0; at < REGISTERS; at += 4) {
      this.add(ranks[at]! | (ranks[at + 1]! << 6) | (ranks[at + 2]! << 12) | (ranks[at + 3]! << 18))
    }
  }

  /** The log so far, in memory of its own. */
  finish(): Uint8Array {
    return this.#writer.finish()
  }
}

/** Registers that a log raises, each as often as it is in it. Throws PackedNumbersError where the bytes are no log. */
export function registersIn(log: Uint8Array): number {
  let registers = 0
  readLog(log, (_section, _word, _value, count) => {
    registers += count === 0 ? REGISTERS : count
  })
  return registers
}

/** Visits the cells of a log: a count of 0 stands for all registers. */
function readLog(
  log: Uint8Array,
  visit: (section: number, word: number, value: number, count: number, at: number) => void
): void {
  const reader = new PackedReader(log)
  while (!reader.isAtEnd) {
    const section = reader.byte()
    const word = reader.varint()
    let value = 0
    for (let cells = reader.varint(); cells > 0; cells--) {
      value += reader.varint()
      const count = reader.varint()
      const at = reader.skip(count === 0 ? DENSE_BYTES : count * REGISTER_BYTES)
      visit(section, word, value, count, at)
    }
  }
}

/** No number of pairs: something else has changed since they were put in order. */
const UNSETTLED = -1

/** Pairs that are taken before the first look for repeated ones. */
const FIRST_PAIRS = 1 << 12

/**
 * The union of logs: the registers of each cell. They are collected as they come and put in order when they are asked
 * for, or when there are too many: no object a cell, since a day has some 100,000 of them, most of one source.
 */
export class SourceTable {
  /** Numbers of cells by (0, section, word, value). */
  readonly #cells = new GroupTable()
  /** All ranks of cells that have many registers, by the number of the cell. */
  readonly #ranks = new Map<number, Uint8Array>()
  /** Pairs of a cell's number and a register; the first #settled of them in order of cells, each register once. */
  #pairs = new Uint32Array(2 * FIRST_PAIRS)
  #size = 0
  #settled = 0

  /** How many cells it has. */
  get size(): number {
    return this.#cells.size
  }

  /** Adds what a log holds. Throws PackedNumbersError where the bytes are no log. */
  merge(log: Uint8Array): void {
    readLog(log, (section, word, value, count, at) => {
      const cell = this.#cells.add(0, section, word, value, 0)
      const ranks = count === 0 ? this.#ranksOf(cell) : this.#ranks.get(cell)
      if (count === 0) raiseAll(ranks!, log, at)
      else if (ranks === undefined) this.#append(cell, count, log, at)
      else for (let i = 0; i < count; i++) raise(ranks, registerAt(log, at + i * REGISTER_BYTES))
    })
  }

  /** Every series with its unique sources; those of some kinds where these are named. */
  forEach(
    visit: (kindAndTag: number, value: number, sources: number) => void,
    isWanted: WantedKinds = () => true
  ): void {
    const series = this.#series(isWanted)
    const { registers, starts } = series.#settle()
    for (let number = 0; number < series.size; number++) {
      histogram.fill(0)
      const ranks = series.#ranks.get(number)
      if (ranks !== undefined) for (const rank of ranks) histogram[rank]!++
      else {
        const own = registers.subarray(starts[number], starts[number + 1])
        histogram[0] = REGISTERS - own.length
        for (const register of own) histogram[rankOf(register)]!++
      }
      visit(series.#cells.key(number, 2), series.#cells.key(number, 3), estimate(histogram))
    }
  }

  /** The shortest log of all this. */
  toLog(): Uint8Array {
    const writer = new SourceLogWriter()
    const { registers, starts } = this.#settle()
    for (const { section, word, cells } of inSections(this.#cells)) {
      writer.startSection(section, word, cells.length)
      for (const cell of cells) {
        const value = this.#cells.key(cell, 3)
        const ranks = this.#ranks.get(cell)
        const own = ranks === undefined ? registers.subarray(starts[cell], starts[cell + 1]) : filled(ranks)
        if (own.length >= DENSE_FROM) writer.addAll(value, ranks ?? ranksOf(own))
        else {
          writer.startCell(value, own.length)
          for (const register of own) writer.add(register)
        }
      }
    }
    return writer.finish()
  }

  /** The same by single series: a cell's registers are those of each series that it belongs to. */
  #series(isWanted: WantedKinds): SourceTable {
    const { registers, starts } = this.#settle()
    const series = new SourceTable()
    for (let cell = 0; cell < this.size; cell++) {
      const ranks = this.#ranks.get(cell)
      const own = registers.subarray(starts[cell], starts[cell + 1])
      const cells = this.#cells
      forEachSeries(cells.key(cell, 1), cells.key(cell, 2), cells.key(cell, 3), (kindAndTag, of) => {
        if (!isWanted(kindAndTag)) return
        const number = series.#cells.add(0, SECTION.series, kindAndTag, of, 0)
        if (ranks === undefined) series.#addRegisters(number, own)
        else series.#addRanks(number, ranks)
      })
    }
    return series
  }

  #addRegisters(cell: number, registers: Uint32Array): void {
    const ranks = this.#ranks.get(cell)
    if (ranks !== undefined) {
      for (const register of registers) raise(ranks, register)
      return
    }
    this.#reserve(registers.length)
    for (const register of registers) this.#push(cell, register)
  }

  #addRanks(cell: number, ranks: Uint8Array): void {
    const own = this.#ranksOf(cell)
    for (let index = 0; index < REGISTERS; index++)
      if (ranks[index]! > own[index]!) own[index] = ranks[index]!
  }

  #append(cell: number, count: number, log: Uint8Array, at: number): void {
    this.#reserve(count)
    for (let i = 0; i < count; i++, at += REGISTER_BYTES) this.#push(cell, registerAt(log, at))
  }

  #push(cell: number, register: number): void {
    this.#pairs[2 * this.#size] = cell
    this.#pairs[2 * this.#size + 1] = register
    this.#size += 1
  }

  #reserve(count: number): void {
    if (2 * (this.#size + count) <= this.#pairs.length) return
    // Where most of them are new since the last look, there may be many repeated ones.
    if (this.#size > 2 * this.#settled) this.#settle()
    const wanted = 2 * (this.#size + count)
    if (wanted <= this.#pairs.length) return
    const longer = new Uint32Array(Math.max(2 * this.#pairs.length, wanted))
    longer.set(this.#pairs.subarray(0, 2 * this.#size))
    this.#pairs = longer
  }

  #ranksOf(cell: number): Uint8Array {
    let ranks = this.#ranks.get(cell)
    if (ranks === undefined) {
      ranks = new Uint8Array(REGISTERS)
      this.#ranks.set(cell, ranks)
      // Its pairs that were put in order before go to the ranks.
      this.#settled = UNSETTLED
    }
    return ranks
  }

  /**
   * Puts pairs in order of cells, each register once; those of a cell with all ranks go to these. Answers the registers
   * in that order, and where those of each cell begin.
   */
  #settle(): SortedRegisters {
    const { registers, starts } = this.#sorted()
    if (this.#size === this.#settled) return { registers, starts }
    let size = 0
    for (let cell = 0; cell < this.size; cell++) {
      const own = registers.subarray(starts[cell], starts[cell + 1])
      const kept = this.#settleCell(cell, own)
      starts[cell] = size
      for (let i = 0; i < kept; i++, size++) {
        this.#pairs[2 * size] = cell
        this.#pairs[2 * size + 1] = own[i]!
        registers[size] = own[i]!
      }
    }
    starts[this.size] = size
    this.#size = size
    this.#settled = size
    return { registers, starts }
  }

  /** How many of a cell's registers stay, at the front. */
  #settleCell(cell: number, own: Uint32Array): number {
    if (own.length === 0) return 0
    const ranks = this.#ranks.get(cell)
    if (ranks !== undefined) {
      for (const register of own) raise(ranks, register)
      return 0
    }
    const distinct = own.length === 1 ? 1 : dropRepeated(own)
    if (distinct < DENSE_FROM) return distinct
    this.#ranks.set(cell, ranksOf(own.subarray(0, distinct)))
    return 0
  }

  #sorted(): SortedRegisters {
    const [pairs, end] = [this.#pairs, 2 * this.#size]
    const starts = new Uint32Array(this.size + 1)
    for (let at = 0; at < end; at += 2) starts[pairs[at]! + 1]!++
    for (let cell = 1; cell < starts.length; cell++) starts[cell]! += starts[cell - 1]!
    const next = starts.slice()
    const registers = new Uint32Array(this.#size)
    for (let at = 0; at < end; at += 2) registers[next[pairs[at]!]!++] = pairs[at + 1]!
    return { registers, starts }
  }
}

/** Registers in order of cells, and where those of each begin. */
interface SortedRegisters {
  readonly registers: Uint32Array
  readonly starts: Uint32Array
}

function registerAt(log: Uint8Array, at: number): number {
  return log[at]! | (log[at + 1]! << 8) | (log[at + 2]! << 16)
}

function raise(ranks: Uint8Array, register: number): void {
  const index = indexOf(register)
  const rank = rankOf(register)
  if (rank > ranks[index]!) ranks[index] = rank
}

function ranksOf(registers: Uint32Array): Uint8Array {
  const ranks = new Uint8Array(REGISTERS)
  for (const register of registers) raise(ranks, register)
  return ranks
}

/** The registers that are raised at all. */
function filled(ranks: Uint8Array): Uint32Array {
  const registers = new Uint32Array(REGISTERS)
  let size = 0
  for (let index = 0; index < REGISTERS; index++)
    if (ranks[index]! > 0) registers[size++] = index | (ranks[index]! << INDEX_BITS)
  return registers.subarray(0, size)
}

/** All zero between two calls. */
const scratch = new Uint8Array(REGISTERS)

/** Leaves each register once, with its highest rank, at the front; answers how many. */
function dropRepeated(registers: Uint32Array): number {
  for (const register of registers) raise(scratch, register)
  let size = 0
  for (const register of registers) {
    const index = indexOf(register)
    const rank = scratch[index]!
    if (rank === 0) continue
    scratch[index] = 0
    registers[size++] = index | (rank << INDEX_BITS)
  }
  return size
}

function raiseAll(ranks: Uint8Array, log: Uint8Array, at: number): void {
  for (let index = 0; index < REGISTERS; index += 4, at += REGISTER_BYTES) {
    const word = registerAt(log, at)
    for (let i = 0; i < 4; i++) {
      const rank = (word >>> (6 * i)) & 0x3f
      if (rank > ranks[index + i]!) ranks[index + i] = rank
    }
  }
}

const histogram = new Uint32Array(RANKS)
