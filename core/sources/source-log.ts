// Sources of many series as bytes that can be put behind each other: what a store keeps of unique sources. Repeating a
// part changes nothing, and neither does the order of parts, since a register only rises.
//
// A log is a sequence of parts, one a series: kind and tag (1 byte), value (varint), number of registers (varint), and
// 3 bytes a register, little-endian (hyperloglog.ts). The number 0 stands for all 16,384 ranks, 6 bits each.
import { PackedReader, PackedWriter } from '../packed-numbers.ts'
import { GroupTable } from '../counts/group-table.ts'
import { estimate, INDEX_BITS, indexOf, RANKS, rankOf, REGISTERS } from './hyperloglog.ts'

const REGISTER_BYTES = 3
const DENSE_BYTES = (REGISTERS / 4) * 3
/** From so many registers on all of them take less room. */
const DENSE_FROM = DENSE_BYTES / REGISTER_BYTES

/** Writes a log: `startSeries`, then as many registers as were announced. */
export class SourceLogWriter {
  readonly #writer = new PackedWriter()

  /** `registers` at least one. */
  startSeries(kindAndTag: number, value: number, registers: number): void {
    this.#writer.byte(kindAndTag)
    this.#writer.varint(value)
    this.#writer.varint(registers)
  }

  add(register: number): void {
    const writer = this.#writer
    writer.byte(register)
    writer.byte(register >>> 8)
    writer.byte(register >>> 16)
  }

  /** All registers of a series, a rank each. */
  addAll(kindAndTag: number, value: number, ranks: Uint8Array): void {
    this.startSeries(kindAndTag, value, 0)
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
  readLog(log, 0, (_kindAndTag, _value, count) => {
    registers += count === 0 ? REGISTERS : count
  })
  return registers
}

/** Visits the parts of a log: a count of 0 stands for all registers. */
function readLog(
  log: Uint8Array,
  start: number,
  visit: (kindAndTag: number, value: number, count: number, at: number) => void
): void {
  const reader = new PackedReader(log, start)
  while (!reader.isAtEnd) {
    const kindAndTag = reader.byte()
    const value = reader.varint()
    const count = reader.varint()
    const at = reader.skip(count === 0 ? DENSE_BYTES : count * REGISTER_BYTES)
    visit(kindAndTag, value, count, at)
  }
}

/** Pairs that are taken before the first look for repeated ones. */
const FIRST_PAIRS = 1 << 12

/**
 * The union of logs: the registers of each series. They are collected as they come and put in order when they are asked
 * for, or when there are too many: no object a series, since a day has some 100,000 of them, most of one source.
 */
export class SourceTable {
  /** Numbers of series by (kind and tag, value). */
  readonly #series = new GroupTable()
  /** All ranks of series that have many registers, by the number of the series. */
  readonly #ranks = new Map<number, Uint8Array>()
  /** Pairs of a series' number and a register; the first #settled of them in order of series, each register once. */
  #pairs = new Uint32Array(2 * FIRST_PAIRS)
  #size = 0
  #settled = 0

  /** How many series it has. */
  get size(): number {
    return this.#series.size
  }

  /** Adds what a log holds, from `start` on. Throws PackedNumbersError where the bytes are no log. */
  merge(log: Uint8Array, start = 0): void {
    readLog(log, start, (kindAndTag, value, count, at) => {
      const series = this.#series.add(kindAndTag, value, 0, 0, 0)
      const ranks = count === 0 ? this.#ranksOf(series) : this.#ranks.get(series)
      if (count === 0) raiseAll(ranks!, log, at)
      else if (ranks === undefined) this.#append(series, count, log, at)
      else for (let i = 0; i < count; i++) raise(ranks, registerAt(log, at + i * REGISTER_BYTES))
    })
  }

  /** Every series with its unique sources. */
  forEach(visit: (kindAndTag: number, value: number, sources: number) => void): void {
    this.#visit((kindAndTag, value, registers, ranks) => {
      histogram.fill(0)
      if (ranks !== null) for (const rank of ranks) histogram[rank]!++
      else {
        histogram[0] = REGISTERS - registers.length
        for (const register of registers) histogram[rankOf(register)]!++
      }
      visit(kindAndTag, value, estimate(histogram))
    })
  }

  /** The shortest log of all this. */
  toLog(writer = new SourceLogWriter()): Uint8Array {
    this.#visit((kindAndTag, value, registers, ranks) => {
      const own = ranks === null ? registers : filled(ranks)
      if (own.length >= DENSE_FROM) writer.addAll(kindAndTag, value, ranks ?? ranksOf(own))
      else {
        writer.startSeries(kindAndTag, value, own.length)
        for (const register of own) writer.add(register)
      }
    })
    return writer.finish()
  }

  #append(series: number, count: number, log: Uint8Array, at: number): void {
    if (2 * (this.#size + count) > this.#pairs.length) {
      // Where half of them are new, there is little to find.
      if (this.#size > 2 * this.#settled) this.#settle()
      this.#reserve(count)
    }
    const pairs = this.#pairs
    for (let i = 0; i < count; i++, at += REGISTER_BYTES) {
      pairs[2 * this.#size] = series
      pairs[2 * this.#size + 1] = registerAt(log, at)
      this.#size += 1
    }
  }

  #reserve(count: number): void {
    const wanted = 2 * (this.#size + count)
    if (wanted <= this.#pairs.length) return
    const longer = new Uint32Array(Math.max(2 * this.#pairs.length, wanted))
    longer.set(this.#pairs.subarray(0, 2 * this.#size))
    this.#pairs = longer
  }

  #ranksOf(series: number): Uint8Array {
    const ranks = this.#ranks.get(series) ?? new Uint8Array(REGISTERS)
    this.#ranks.set(series, ranks)
    return ranks
  }

  /** Puts pairs in order of series, each register once; those of a series with all ranks go to these. */
  #settle(): void {
    if (this.#size === this.#settled) return
    const { registers, starts } = this.#sorted()
    let size = 0
    for (let series = 0; series < starts.length - 1; series++) {
      const own = registers.subarray(starts[series]!, starts[series + 1]!)
      if (own.length === 0) continue
      const ranks = this.#ranks.get(series)
      if (ranks !== undefined) {
        for (const register of own) raise(ranks, register)
        continue
      }
      const distinct = own.length === 1 ? 1 : dropRepeated(own)
      if (distinct >= DENSE_FROM) {
        this.#ranks.set(series, ranksOf(own.subarray(0, distinct)))
        continue
      }
      for (let i = 0; i < distinct; i++, size++) {
        this.#pairs[2 * size] = series
        this.#pairs[2 * size + 1] = own[i]!
      }
    }
    this.#size = size
    this.#settled = size
  }

  /** Registers in order of series, and where those of each begin. */
  #sorted(): { readonly registers: Uint32Array; readonly starts: Uint32Array } {
    const [pairs, end] = [this.#pairs, 2 * this.#size]
    const starts = new Uint32Array(this.#series.size + 1)
    for (let at = 0; at < end; at += 2) starts[pairs[at]! + 1]!++
    for (let series = 1; series < starts.length; series++) starts[series]! += starts[series - 1]!
    const next = starts.slice()
    const registers = new Uint32Array(this.#size)
    for (let at = 0; at < end; at += 2) registers[next[pairs[at]!]!++] = pairs[at + 1]!
    return { registers, starts }
  }

  #visit(
    visit: (kindAndTag: number, value: number, registers: Uint32Array, ranks: Uint8Array | null) => void
  ): void {
    this.#settle()
    const { registers, starts } = this.#sorted()
    for (let series = 0; series < this.#series.size; series++) {
      const ranks = this.#ranks.get(series) ?? null
      const own = registers.subarray(starts[series]!, starts[series + 1]!)
      visit(this.#series.key(series, 0), this.#series.key(series, 1), own, ranks)
    }
  }
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
