// Adds up enriched batches into what the store is asked to count: packets by window and series, and by sensor.
// A packet pays for its minute only; hours and days are rolled up from minutes once a flush.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { CountCell, SensorCell, VantageWindow } from '../store/count-store.ts'
import { CellTable } from './cell-table.ts'
import { countedTags, portCode, SERIES_KIND } from './series.ts'
import { SeriesNames } from './series-names.ts'
import { dayStartSeconds } from './time-zone.ts'
import type { Window } from './window.ts'

interface SensorState {
  readonly sensor: string
  readonly vantages: readonly string[]
  /** Packets by (minute index, kind and tag, value). */
  readonly minutes: CellTable
}

/** What a flush writes, of one slot's sensors. */
export interface AccumulatedCounts {
  readonly cells: readonly CountCell[]
  readonly sensorCells: readonly SensorCell[]
}

/** Collects counts until `take`, and keeps its memory for the next ones. Construct one a slot, or one for everything. */
export class CountAccumulator {
  readonly #zones: readonly string[]
  readonly #sensors = new Map<string, SensorState>()
  readonly #names: SeriesNames

  /** `zones` are the time zones whose days are kept, 'UTC' among them. */
  constructor(zones: readonly string[], names = new SeriesNames()) {
    this.#zones = zones
    this.#names = names
  }

  /** Adds every packet of the batch to each series that it belongs to. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    const table = this.#stateOf(batch).minutes
    for (let row = 0; row < packets.length; row++) {
      const minute = Math.floor(packets.seconds[row]! / 60)
      const port = portCode(packets.protocol[row]!, packets.dstPort[row]!)
      const region = packets.region[row]!
      table.add(minute, SERIES_KIND.all, 0, 1)
      table.add(minute, SERIES_KIND.port, port, 1)
      table.add(minute, SERIES_KIND.region, region, 1)
      table.add(minute, SERIES_KIND.asn, packets.asn[row]!, 1)
      for (let tags = countedTags(packets.tags[row]!); tags !== 0; tags &= tags - 1) {
        const tag = (31 - Math.clz32(tags & -tags)) << 3
        table.add(minute, SERIES_KIND.tag | tag, 0, 1)
        table.add(minute, SERIES_KIND.portInTag | tag, port, 1)
        table.add(minute, SERIES_KIND.regionInTag | tag, region, 1)
      }
    }
  }

  /** Gives what was added since the last call, and forgets it. */
  take(): AccumulatedCounts {
    const cells: CountCell[] = []
    const sensorCells: SensorCell[] = []
    const byVantage = new Map<string, Counted[]>()
    for (const { sensor, vantages, minutes } of this.#sensors.values()) {
      if (minutes.size === 0) continue
      const hours = rollUp(minutes, hourOf)
      hours.table.forEach((start, kind, value, packets) => {
        const startSeconds = hours.starts[start]!
        sensorCells.push({ startSeconds, sensor, series: this.#names.of(kind, value), packets })
      })
      for (const vantage of vantages) {
        const counted = byVantage.get(vantage) ?? []
        counted.push({ minutes, hours })
        byVantage.set(vantage, counted)
      }
    }
    for (const [vantage, counted] of byVantage) this.#appendVantage(vantage, sum(counted), cells)
    this.clear()
    return { cells, sensorCells }
  }

  /** Forgets what was added since the last `take`. */
  clear(): void {
    for (const { minutes } of this.#sensors.values()) minutes.clear()
  }

  #stateOf(batch: EnrichedBatch): SensorState {
    // The vantages are in the key for the moment at which a new sensors.yaml changes them.
    const { sensor } = batch.name
    const key = `${sensor}|${batch.vantages.join('|')}`
    const state = this.#sensors.get(key) ?? { sensor, vantages: batch.vantages, minutes: new CellTable() }
    this.#sensors.set(key, state)
    return state
  }

  #appendVantage(vantage: string, { minutes, hours }: Counted, cells: CountCell[]): void {
    this.#appendMinutes(minutes, vantage, cells)
    this.#append(hours, { size: 'hour', zone: 'UTC' }, vantage, cells)
    for (const zone of this.#zones) {
      const days =
        zone === 'UTC'
          ? rollUp(hours.table, (index) => dayStartSeconds(zone, hours.starts[index]!))
          : rollUp(minutes, (minute) => dayStartSeconds(zone, minute * 60))
      this.#append(days, { size: 'day', zone }, vantage, cells)
    }
  }

  #appendMinutes(minutes: CellTable, vantage: string, cells: CountCell[]): void {
    const windows = new Map<number, VantageWindow>()
    minutes.forEach((minute, kindAndTag, value, packets) => {
      let window = windows.get(minute)
      if (window === undefined) {
        window = { size: 'minute', zone: 'UTC', startSeconds: minute * 60, vantage }
        windows.set(minute, window)
      }
      cells.push({ window, series: this.#names.of(kindAndTag, value), packets })
    })
  }

  #append(
    rolledUp: RolledUp,
    kind: Pick<Window, 'size' | 'zone'>,
    vantage: string,
    cells: CountCell[]
  ): void {
    const windows = rolledUp.starts.map((startSeconds): VantageWindow => ({ ...kind, startSeconds, vantage }))
    rolledUp.table.forEach((start, kindAndTag, value, packets) => {
      cells.push({ window: windows[start]!, series: this.#names.of(kindAndTag, value), packets })
    })
  }
}

function hourOf(minute: number): number {
  return Math.floor(minute / 60) * 3600
}

/** Cells by (index in `starts`, kind and tag, value): a start is not a key itself, since a day may begin before 1970. */
interface RolledUp {
  readonly table: CellTable
  readonly starts: readonly number[]
}

/** The same packets by minute and by hour. */
interface Counted {
  readonly minutes: CellTable
  readonly hours: RolledUp
}

/** Regroups cells by another start, in seconds; the start of each first key is asked for once. */
function rollUp(cells: CellTable, startSecondsOf: (first: number) => number): RolledUp {
  const table = new CellTable(cells.size * 2)
  const starts: number[] = []
  const indexOfStart = new Map<number, number>()
  const indexOfFirst = new Map<number, number>()
  cells.forEach((first, kind, value, count) => {
    let index = indexOfFirst.get(first)
    if (index === undefined) {
      const start = startSecondsOf(first)
      index = indexOfStart.get(start) ?? starts.push(start) - 1
      indexOfStart.set(start, index)
      indexOfFirst.set(first, index)
    }
    table.add(index, kind, value, count)
  })
  return { table, starts }
}

function sum(counted: readonly Counted[]): Counted {
  if (counted.length === 1) return counted[0]!
  const minutes = new CellTable()
  for (const each of counted) {
    each.minutes.forEach((minute, kind, value, count) => {
      minutes.add(minute, kind, value, count)
    })
  }
  return { minutes, hours: rollUp(minutes, hourOf) }
}
