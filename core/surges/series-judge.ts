// Judges all series of a store hour by hour. A series is taken in when it is seen, with the history of one that was never seen
// before, so that a port which nobody knew yesterday can surge today.
import type { HourCounts } from './hour-counts.ts'
import {
  type HourlyJudge,
  type HourReading,
  type JudgedSurge,
  judgedSurge,
  type SeriesHour
} from './hourly-judge.ts'
import { judgeHour, openSurges } from './judge-hour.ts'
import { SeriesTable, STATE_BYTES } from './series-table.ts'
import type { Surge } from './surge.ts'
import type { Thresholds } from './thresholds.ts'

/**
 * Seen with so many sources in an hour a series is taken in. Fewer than make a surge, so that a series that was always there at a
 * low level is known at that level, and not taken for one that nobody has seen before.
 */
const TAKEN_IN_SOURCES = 2
/** So many series are kept unless said otherwise; beyond that only what has room is taken in. */
const MOST_SERIES = 150_000
/** A series that was not seen for longer than the detector looks back is forgotten. */
const FORGOTTEN_AFTER_HOURS = 60 * 24
/** Rows of forgotten series are left behind when they are this share. */
const MOST_FORGOTTEN = 0.1
const SERIES_A_PART = 1000
const HOUR_SECONDS = 3600
/** The row of a series that is never seen but for a source now and then: once in so many hours. */
const QUIET = ''
const QUIET_HOURS = 23

/** What a part says beside the states: names in order, and the hour in which each was last seen. */
interface PartHeader {
  readonly names: readonly string[]
  readonly seen: readonly number[]
}

/** A judge of what a store counts. */
export class SeriesJudge implements HourlyJudge {
  readonly #thresholds: Thresholds
  readonly smallestCount: number
  #table = new SeriesTable(SERIES_A_PART)
  #names: string[] = []
  #seen: number[] = []
  #rows = new Map<string, number>()
  readonly #mostSeries: number
  #hasLeftOut = false

  /**
   * Knows what `parts` say, or nothing where they are null; a series of another version is learnt anew. Of more than
   * `mostSeries` those that come last are left out.
   */
  constructor(thresholds: Thresholds, parts: readonly Uint8Array[] | null, mostSeries = MOST_SERIES) {
    this.#thresholds = thresholds
    this.#mostSeries = mostSeries
    this.smallestCount = thresholds.smallestCount
    for (const part of parts ?? []) this.#readPart(part)
    if (!this.#rows.has(QUIET)) this.#add(QUIET, 0)
  }

  get hasLeftOut(): boolean {
    return this.#hasLeftOut
  }

  get series(): number {
    return this.#names.length - 1
  }

  judge(reading: HourReading): JudgedSurge[] {
    const hour = reading.startSeconds / HOUR_SECONDS
    // Before the hour is judged: the quiet row has none of it yet.
    if (reading.isObserved) this.#takeIn(reading, hour)
    const changes: Surge[] = []
    for (const [row, name] of this.#names.entries()) {
      const counts = this.#countsOf(name, reading, hour)
      if (counts !== null && counts.packets > 0) this.#seen[row] = hour
      judgeHour(this.#table, row, hour, counts, this.#thresholds, changes)
    }
    const judged = changes
      .map((change) => judgedSurge(change, this.#names[change.series]!))
      .filter(({ series }) => series !== QUIET)
    this.#leaveForgotten(hour)
    return judged
  }

  peek(reading: HourReading): JudgedSurge[] {
    if (!reading.isObserved) return []
    const hour = reading.startSeconds / HOUR_SECONDS
    const quiet = this.#table.write(this.#rows.get(QUIET)!)
    const scratch = new SeriesTable(1)
    scratch.add()
    const raised: JudgedSurge[] = []
    for (const [name, { sources }] of reading.series) {
      if (sources < this.smallestCount) continue
      const row = this.#rows.get(name)
      if (row === undefined) scratch.readAsNew(0, quiet)
      else scratch.read(0, this.#table.write(row))
      const changes: Surge[] = []
      judgeHour(scratch, 0, hour, this.#countsOf(name, reading, hour), this.#thresholds, changes)
      const opened = changes.find(
        ({ kind, closedHour, detectedHour }) =>
          kind !== 'heavy-hitter' && closedHour === null && detectedHour === hour + 1
      )
      if (opened !== undefined) raised.push(judgedSurge(opened, name))
    }
    return raised
  }

  open(): JudgedSurge[] {
    return this.#names.flatMap((name, row) =>
      name === QUIET ? [] : openSurges(this.#table, row).map((surge) => judgedSurge(surge, name))
    )
  }

  toParts(): Uint8Array[] {
    const parts: Uint8Array[] = []
    for (let first = 0; first < this.#names.length; first += SERIES_A_PART) parts.push(this.#writePart(first))
    return parts
  }

  #countsOf(
    name: string,
    { isObserved, darkAddresses, series }: HourReading,
    hour: number
  ): HourCounts | null {
    if (!isObserved) return null
    // Nothing is counted for it: no sensor that comes or goes has a part in it.
    if (name === QUIET) return { ...quietHour(hour), busiest: null, darkAddresses: null }
    const { packets, sources } = series.get(name) ?? NOTHING
    return { packets, sources, busiest: null, darkAddresses: darkAddresses === 0 ? null : darkAddresses }
  }

  #takeIn({ series }: HourReading, hour: number): void {
    const quiet = this.#table.write(this.#rows.get(QUIET)!)
    for (const [name, { sources }] of series) {
      if (sources < TAKEN_IN_SOURCES || this.#rows.has(name)) continue
      if (this.series >= this.#mostSeries) {
        this.#hasLeftOut = true
        continue
      }
      this.#table.readAsNew(this.#add(name, hour), quiet)
    }
  }

  #add(name: string, seen: number): number {
    const row = this.#table.add()
    this.#names.push(name)
    this.#seen.push(seen)
    this.#rows.set(name, row)
    return row
  }

  /** Rows cannot be taken out one by one; what stays is copied when much is to go. */
  #leaveForgotten(hour: number): void {
    const isKept = (row: number): boolean =>
      this.#names[row] === QUIET || this.#seen[row]! > hour - FORGOTTEN_AFTER_HOURS
    const kept = this.#names.map((_, row) => row).filter(isKept)
    if (this.#names.length - kept.length <= MOST_FORGOTTEN * this.#names.length) return
    this.#hasLeftOut = false
    const [table, names, seen] = [this.#table, this.#names, this.#seen]
    this.#table = new SeriesTable(kept.length)
    this.#names = []
    this.#seen = []
    this.#rows = new Map()
    for (const row of kept) this.#table.read(this.#add(names[row]!, seen[row]!), table.write(row))
  }

  #writePart(first: number): Uint8Array {
    const names = this.#names.slice(first, first + SERIES_A_PART)
    const seen = this.#seen.slice(first, first + SERIES_A_PART)
    const header = new TextEncoder().encode(JSON.stringify({ names, seen } satisfies PartHeader))
    const part = new Uint8Array(4 + header.length + names.length * STATE_BYTES)
    new DataView(part.buffer).setUint32(0, header.length, true)
    part.set(header, 4)
    for (const index of names.keys())
      part.set(this.#table.write(first + index), 4 + header.length + index * STATE_BYTES)
    return part
  }

  #readPart(part: Uint8Array): void {
    const length = new DataView(part.buffer, part.byteOffset).getUint32(0, true)
    const { names, seen } = JSON.parse(new TextDecoder().decode(part.subarray(4, 4 + length))) as PartHeader
    const states = part.subarray(4 + length)
    const stateBytes = names.length === 0 ? 0 : states.length / names.length
    for (const [index, name] of names.entries()) {
      const state = states.subarray(index * stateBytes, (index + 1) * stateBytes)
      this.#table.read(this.#add(name, seen[index]!), state)
    }
  }
}

const NOTHING: SeriesHour = { packets: 0, sources: 0 }
const ONE: SeriesHour = { packets: 1, sources: 1 }

/** What a series that nobody watches for is taken to see: without anything at all there would be no level to rise over. */
function quietHour(hour: number): SeriesHour {
  return hour % QUIET_HOURS === 0 ? ONE : NOTHING
}
