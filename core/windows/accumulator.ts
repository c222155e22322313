// Adds up enriched batches into what the store is asked to keep: packets by minute and sensor, and the sources that it does
// not have yet, by quarter of an hour. A packet is three cells, and each is looked up once for both; series, windows and
// vantages are made of cells by the store.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import { registerOf } from '../sources/hyperloglog.ts'
import { type Hash64, hash4, hash16 } from '../sources/murmur64a.ts'
import type { CountPart, SourcePart } from '../store/count-store.ts'
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

/** Lives are numbered in 32 bits; when they begin again, what is left of the first is long gone. */
const MOST_LIVES = 2 ** 32 - 1
/** Places for sources that were seen a moment ago, a power of two: 32 bytes each, all of them in a processor's cache. */
const RECENT_PLACES = 1 << 14
/** Life of a minute, source, tags, cells of its region and AS number, port, cell of the port; one is left over. */
const RECENT_WORDS = 8

/** Cells of one minute. */
class Minute {
  /** Another one each time that the minute begins: what was known of its cells holds no more. */
  life = 0
  readonly table = new CountTable()
  /** The same cells of the quarter, by their numbers here. */
  sourceCells = new Uint32Array(FIRST_CELLS)
  total = 0

  clear(): void {
    this.table.clear()
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
  /** What the newest packets of IPv4 sources were counted in: a few sources send most packets. */
  readonly #recent = new Uint32Array(RECENT_PLACES * RECENT_WORDS)
  #lives = 0
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
      const tags = countedTags(packets.tags[row]!)
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      minute.total += 1
      if (ipVersion[row] === 4) this.#add4(minute, when, tags, port, src[row * 4]!, region[row]!, asn[row]!)
      else {
        const at = row * 4
        hash16(src[at]!, src[at + 1]!, src[at + 2]!, src[at + 3]!, hash)
        const register = registerOf(hash)
        this.#enter(minute, when, SECTION.port, tags, port, register)
        this.#enter(minute, when, SECTION.region, tags, region[row]!, register)
        this.#enter(minute, when, SECTION.asn, 0, asn[row]!, register)
      }
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
          log: minute.table.toLog()
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

  /** A source that was seen with the same tags a moment ago is in the same region and AS, and was entered there. */
  #add4(
    minute: Minute,
    when: number,
    tags: number,
    port: number,
    source: number,
    region: number,
    asn: number
  ): void {
    const recent = this.#recent
    const at =
      ((Math.imul(source ^ Math.imul(tags, 0x85ebca6b), 0x9e3779b1) >>> 18) & (RECENT_PLACES - 1)) *
      RECENT_WORDS
    const { table } = minute
    // Region and AS number are held against those of the cells: geo data may be renewed from one batch to the next.
    const isKnown =
      recent[at + 1] === source &&
      recent[at] === minute.life &&
      recent[at + 2] === tags &&
      table.value(recent[at + 3]!) === region &&
      table.value(recent[at + 4]!) === asn
    if (isKnown && recent[at + 5] === port) {
      table.addTo(recent[at + 3]!, 1)
      table.addTo(recent[at + 4]!, 1)
      table.addTo(recent[at + 6]!, 1)
      return
    }
    hash4(source, hash)
    const register = registerOf(hash)
    if (isKnown) {
      table.addTo(recent[at + 3]!, 1)
      table.addTo(recent[at + 4]!, 1)
    } else {
      recent[at] = minute.life
      recent[at + 1] = source
      recent[at + 2] = tags
      recent[at + 3] = this.#enter(minute, when, SECTION.region, tags, region, register)
      recent[at + 4] = this.#enter(minute, when, SECTION.asn, 0, asn, register)
    }
    recent[at + 5] = port
    recent[at + 6] = this.#enter(minute, when, SECTION.port, tags, port, register)
  }

  /** Counts a packet in a cell, and enters its source there; answers the cell's number in the minute. */
  #enter(
    minute: Minute,
    when: number,
    section: number,
    word: number,
    value: number,
    register: number
  ): number {
    const { table } = minute
    const { size } = table
    const cell = table.add(section, word, value, 1)
    if (cell === size) {
      if (cell === minute.sourceCells.length) minute.sourceCells = doubled(minute.sourceCells)
      minute.sourceCells[cell] = this.#sources.cell(when, section, word, value)
    }
    this.#sources.enter(minute.sourceCells[cell]!, register)
    return cell
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
      this.#lives = this.#lives === MOST_LIVES ? 1 : this.#lives + 1
      minute.life = this.#lives
      minutes.set(number, minute)
    }
    return minute
  }

  #stateOf(batch: EnrichedBatch): SensorState {
    // The vantages are in the key for the moment at which a new sensors.yaml changes them.
    const { sensor } = batch.name
    const list = JSON.stringify(batch.vantages)
    const key = `${sensor}|${list}`
    let state = this.#sensors.get(key)
    if (state === undefined) {
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

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(words.length * 2)
  longer.set(words)
  return longer
}
