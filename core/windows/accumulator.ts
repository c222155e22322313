// Adds up enriched batches into what the store is asked to keep: packets by minute and sensor, and the sources that it does
// not have yet, by quarter of an hour. A packet is three cells, and each is looked up once for both; series, windows and
// vantages are made of cells by the store.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import { registerOf } from '../sources/hyperloglog.ts'
import { type Hash64, hash4, hash16 } from '../sources/murmur64a.ts'
import type { CountPart, SourcePart } from '../store/count-store.ts'
import { CellNumbers } from './cell-numbers.ts'
import { CountTable } from './count-table.ts'
import { QUARTER_SECONDS } from './parts-of-windows.ts'
import { SECTION } from './sections.ts'
import { countedTags, portCode } from './series.ts'
import { SourceCells } from './source-cells.ts'

/** Minutes whose memory is kept for others. */
const SPARE_MINUTES = 64
/** So many sensors and lists of vantages are known at a time. */
const MOST_SENSORS = 1 << 14
const FIRST_CELLS = 64

const hash: Hash64 = { high: 0, low: 0 }

/** What one flush writes. */
export interface Accumulated {
  /** One a minute, sensor and list of vantages. */
  readonly counts: CountPart[]
  /** One a quarter of an hour and list of vantages. */
  readonly sources: SourcePart[]
}

/** Cells of one minute. */
class Minute {
  readonly numbers = new CellNumbers()
  /** By the number of the cell. */
  packets = new Float64Array(FIRST_CELLS)
  /** The same cell of the quarter. */
  sourceCells = new Uint32Array(FIRST_CELLS)
  total = 0

  clear(): void {
    this.numbers.clear()
    this.total = 0
  }
}

/** Numbers of quarters of an hour, by their start, of sensors of the same vantages. */
type Quarters = Map<number, number>

interface SensorState {
  readonly sensor: string
  readonly vantages: readonly string[]
  readonly quarters: Quarters
  readonly minutes: Map<number, Minute>
}

/** Collects until `take`, and keeps its memory for the next batches. */
export class Accumulator {
  readonly #sensors = new Map<string, SensorState>()
  readonly #spare: Minute[] = []
  readonly #sources = new SourceCells()
  readonly #lists = new Map<string, Quarters>()
  /** What each number of a quarter stands for. */
  readonly #quarters: Omit<SourcePart, 'log'>[] = []

  /** Adds every packet of the batch, and its source. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    const { src, ipVersion, seconds, region, asn } = packets
    const state = this.#stateOf(batch)
    let last = -1
    let when = 0
    let minute: Minute | null = null
    for (let row = 0; row < packets.length; row++) {
      const number = Math.floor(seconds[row]! / 60)
      if (minute === null || number !== last) {
        minute = this.#minute(state.minutes, number)
        when = this.#quarterNumber(state, seconds[row]!)
        last = number
      }
      const at = row * 4
      if (ipVersion[row] === 4) hash4(src[at]!, hash)
      else hash16(src[at]!, src[at + 1]!, src[at + 2]!, src[at + 3]!, hash)
      const register = registerOf(hash)
      const tags = countedTags(packets.tags[row]!)
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      minute.total += 1
      this.#enter(minute, when, SECTION.port, tags, port, register)
      this.#enter(minute, when, SECTION.region, tags, region[row]!, register)
      this.#enter(minute, when, SECTION.asn, 0, asn[row]!, register)
    }
  }

  /** Gives what was added since the last call, of sources what was not given before. */
  take(): Accumulated {
    const counts: CountPart[] = []
    for (const { sensor, vantages, minutes } of this.#sensors.values()) {
      for (const [number, minute] of minutes) {
        counts.push({
          minuteSeconds: number * 60,
          sensor,
          vantages,
          packets: minute.total,
          log: logOf(minute)
        })
      }
    }
    const sources = [...this.#sources.take()].map(([when, log]) => ({ ...this.#quarters[when]!, log }))
    this.#clearMinutes()
    if (this.#sources.isFull || this.#sensors.size > MOST_SENSORS) this.forget()
    return { counts, sources }
  }

  /**
   * Forgets what was added since the last `take`, and which sources were given: call it whenever it is not certain that all
   * of them are in the store.
   */
  forget(): void {
    this.#clearMinutes()
    this.#sources.forget()
    this.#sensors.clear()
    this.#lists.clear()
    this.#quarters.length = 0
  }

  #enter(minute: Minute, when: number, section: number, word: number, value: number, register: number): void {
    const { numbers } = minute
    const size = numbers.size
    const cell = numbers.add(section, word, value)
    if (cell === size) this.#appendCell(minute, cell, this.#sources.cell(when, section, word, value))
    minute.packets[cell]! += 1
    this.#sources.enter(minute.sourceCells[cell]!, register)
  }

  #appendCell(minute: Minute, cell: number, sourceCell: number): void {
    if (cell === minute.packets.length) {
      const packets = new Float64Array(2 * cell)
      packets.set(minute.packets)
      minute.packets = packets
      const sourceCells = new Uint32Array(2 * cell)
      sourceCells.set(minute.sourceCells)
      minute.sourceCells = sourceCells
    }
    minute.packets[cell] = 0
    minute.sourceCells[cell] = sourceCell
  }

  #clearMinutes(): void {
    for (const { minutes } of this.#sensors.values()) {
      for (const minute of minutes.values()) {
        minute.clear()
        if (this.#spare.length < SPARE_MINUTES) this.#spare.push(minute)
      }
      minutes.clear()
    }
  }

  #minute(minutes: Map<number, Minute>, number: number): Minute {
    let minute = minutes.get(number)
    if (minute === undefined) {
      minute = this.#spare.pop() ?? new Minute()
      minutes.set(number, minute)
    }
    return minute
  }

  #stateOf(batch: EnrichedBatch): SensorState {
    // The vantages are in the key for the moment at which a new sensors.yaml changes them.
    const { sensor } = batch.name
    const key = `${sensor}|${batch.vantages.join('|')}`
    let state = this.#sensors.get(key)
    if (state === undefined) {
      const list = JSON.stringify(batch.vantages)
      const quarters = this.#lists.get(list) ?? new Map<number, number>()
      this.#lists.set(list, quarters)
      state = { sensor, vantages: batch.vantages, quarters, minutes: new Map() }
      this.#sensors.set(key, state)
    }
    return state
  }

  #quarterNumber({ quarters, vantages }: SensorState, seconds: number): number {
    const quarterSeconds = Math.floor(seconds / QUARTER_SECONDS) * QUARTER_SECONDS
    let number = quarters.get(quarterSeconds)
    if (number === undefined) {
      number = this.#quarters.push({ quarterSeconds, vantages }) - 1
      quarters.set(quarterSeconds, number)
    }
    return number
  }
}

function logOf({ numbers, packets }: Minute): Uint8Array {
  const table = new CountTable(numbers.size)
  for (let cell = 0; cell < numbers.size; cell++) {
    table.add(numbers.section(cell), numbers.word(cell), numbers.value(cell), packets[cell]!)
  }
  return table.toLog()
}
