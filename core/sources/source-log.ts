// Sources of many series as bytes that can be put behind each other: what a store keeps of unique sources. Repeating a
// part changes nothing, and neither does the order of parts, since a register only rises.
//
// A log is a sequence of parts, one a series: kind and tag (1 byte), value (varint), number of registers (varint), and
// 3 bytes a register, little-endian (hyperloglog.ts). The number 0 stands for all 16,384 ranks, 6 bits each.
import { PackedReader, PackedWriter } from '../packed-numbers.ts'
import { estimate, indexOf, RANKS, rankOf, REGISTERS } from './hyperloglog.ts'

const REGISTER_BYTES = 3
const DENSE_BYTES = (REGISTERS / 4) * 3
/** From so many registers on all of them take less room. */
const DENSE_FROM = DENSE_BYTES / REGISTER_BYTES
/** A series with more registers has them all in memory: a search among few is fast, and most series have few. */
const FEW = 128

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

/** The registers of one series. */
interface Registers {
  readonly kindAndTag: number
  readonly value: number
  /** Few of them, in no order. */
  few: Uint32Array
  size: number
  /** All ranks, once there are more. */
  ranks: Uint8Array | null
}

/** The union of logs: the registers of each series. */
export class SourceTable {
  readonly #series = new Map<number, Registers>()

  get size(): number {
    return this.#series.size
  }

  /** Adds what a log holds, from `start` on. Throws PackedNumbersError where the bytes are no log. */
  merge(log: Uint8Array, start = 0): void {
    readLog(log, start, (kindAndTag, value, count, at) => {
      const series = this.#seriesOf(kindAndTag, value)
      if (count === 0) addDense(series, log, at)
      else for (let i = 0; i < count; i++) add(series, registerAt(log, at + i * REGISTER_BYTES))
    })
  }

  /** Unique sources of a series; 0 where it has none. */
  count(kindAndTag: number, value: number): number {
    const series = this.#series.get(keyOf(kindAndTag, value))
    return series === undefined ? 0 : countOf(series)
  }

  /** Every series with its unique sources. */
  forEach(visit: (kindAndTag: number, value: number, sources: number) => void): void {
    for (const series of this.#series.values()) visit(series.kindAndTag, series.value, countOf(series))
  }

  /** The shortest log of all this. */
  toLog(writer = new SourceLogWriter()): Uint8Array {
    for (const { kindAndTag, value, few, size, ranks } of this.#series.values()) {
      const filled = ranks === null ? size : ranks.reduce((sum, rank) => sum + Number(rank > 0), 0)
      if (ranks !== null && filled >= DENSE_FROM) {
        writer.addAll(kindAndTag, value, ranks)
        continue
      }
      writer.startSeries(kindAndTag, value, filled)
      if (ranks === null) for (let i = 0; i < size; i++) writer.add(few[i]!)
      else
        for (let index = 0; index < REGISTERS; index++)
          if (ranks[index]! > 0) writer.add(index | (ranks[index]! << 14))
    }
    return writer.finish()
  }

  #seriesOf(kindAndTag: number, value: number): Registers {
    const key = keyOf(kindAndTag, value)
    let series = this.#series.get(key)
    if (series === undefined) {
      series = { kindAndTag, value, few: new Uint32Array(2), size: 0, ranks: null }
      this.#series.set(key, series)
    }
    return series
  }
}

function keyOf(kindAndTag: number, value: number): number {
  return kindAndTag * 2 ** 32 + value
}

function registerAt(log: Uint8Array, at: number): number {
  return log[at]! | (log[at + 1]! << 8) | (log[at + 2]! << 16)
}

function add(series: Registers, register: number): void {
  const index = indexOf(register)
  const rank = rankOf(register)
  if (series.ranks !== null) {
    if (rank > series.ranks[index]!) series.ranks[index] = rank
    return
  }
  const { few } = series
  for (let i = 0; i < series.size; i++) {
    if (indexOf(few[i]!) !== index) continue
    if (rank > rankOf(few[i]!)) few[i] = register
    return
  }
  if (series.size === FEW) {
    spread(series)
    series.ranks![index] = rank
    return
  }
  if (series.size === few.length) {
    series.few = new Uint32Array(few.length * 2)
    series.few.set(few)
  }
  series.few[series.size++] = register
}

function spread(series: Registers): void {
  const ranks = new Uint8Array(REGISTERS)
  for (let i = 0; i < series.size; i++) ranks[indexOf(series.few[i]!)] = rankOf(series.few[i]!)
  series.ranks = ranks
  series.few = new Uint32Array(0)
}

function addDense(series: Registers, log: Uint8Array, at: number): void {
  if (series.ranks === null) spread(series)
  const ranks = series.ranks!
  for (let index = 0; index < REGISTERS; index += 4, at += REGISTER_BYTES) {
    const word = registerAt(log, at)
    for (let i = 0; i < 4; i++) {
      const rank = (word >>> (6 * i)) & 0x3f
      if (rank > ranks[index + i]!) ranks[index + i] = rank
    }
  }
}

const histogram = new Uint32Array(RANKS)

function countOf({ few, size, ranks }: Registers): number {
  histogram.fill(0)
  if (ranks !== null) for (const rank of ranks) histogram[rank]!++
  else {
    histogram[0] = REGISTERS - size
    for (let i = 0; i < size; i++) histogram[rankOf(few[i]!)]!++
  }
  return estimate(histogram)
}
