// Adds up enriched batches into what the store is asked to count: packets by window and series, and by sensor.
// A packet pays for its minute only; hours and days are rolled up from minutes once a flush.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { CountCell, SensorCell, VantageWindow } from '../store/count-store.ts'
import { CellTable } from './cell-table.ts'
import { countedTags, portCode, SERIES_KIND, seriesName } from './series.ts'
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

/** Collects counts until `take`. Construct one a slot, or one for everything. */
export class CountAccumulator {
  readonly #zones: readonly string[]
  readonly #sensors = new Map<string, SensorState>()
  readonly #names = new SeriesNames()

  /** `zones` are the time zones whose days are kept, 'UTC' among them. */
  constructor(zones: readonly string[]) {
    this.#zones = zones
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
    const byVantage = new Map<string, CellTable[]>()
    for (const state of this.#sensors.values()) {
      if (state.minutes.size === 0) continue
      const hours = rollUp(state.minutes, hourOf)
      hours.table.forEach((start, kind, value, packets) => {
        const startSeconds = hours.starts[start]!
        sensorCells.push({ startSeconds, sensor: state.sensor, series: this.#names.of(kind, value), packets })
      })
      for (const vantage of state.vantages) {
        const tables = byVantage.get(vantage) ?? []
        tables.push(state.minutes)
        byVantage.set(vantage, tables)
      }
    }
    for (const [vantage, tables] of byVantage) this.#appendVantage(vantage, sum(tables), cells)
    for (const state of this.#sensors.values()) state.minutes.clear()
    return { cells, sensorCells }
  }

  #stateOf(batch: EnrichedBatch): SensorState {
    // The vantages are in the key for the moment at which a new sensors.yaml changes them.
    const { sensor } = batch.name
    const key = `${sensor}|${batch.vantages.join('|')}`
    const state = this.#sensors.get(key) ?? { sensor, vantages: batch.vantages, minutes: new CellTable() }
    this.#sensors.set(key, state)
    return state
  }

  #appendVantage(vantage: string, minutes: CellTable, cells: CountCell[]): void {
    this.#append(rollUp(minutes, startOfMinute), { size: 'minute', zone: 'UTC' }, vantage, cells)
    this.#append(rollUp(minutes, hourOf), { size: 'hour', zone: 'UTC' }, vantage, cells)
    for (const zone of this.#zones) {
      const days = rollUp(minutes, (minute) => dayStartSeconds(zone, minute * 60))
      this.#append(days, { size: 'day', zone }, vantage, cells)
    }
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

/** Names of series are made once and kept, up to a bound. */
class SeriesNames {
  readonly #names = new Map<number, string>()

  of(kindAndTag: number, value: number): string {
    const key = kindAndTag * 2 ** 32 + value
    let name = this.#names.get(key)
    if (name === undefined) {
      if (this.#names.size > 200_000) this.#names.clear()
      name = seriesName(kindAndTag, value)
      this.#names.set(key, name)
    }
    return name
  }
}

function hourOf(minute: number): number {
  return Math.floor(minute / 60) * 3600
}

function startOfMinute(minute: number): number {
  return minute * 60
}

/** Cells by (index in `starts`, kind and tag, value): a start is not a key itself, since a day may begin before 1970. */
interface RolledUp {
  readonly table: CellTable
  readonly starts: readonly number[]
}

/** Regroups cells by another start, in seconds; the start of a minute is asked for once. */
function rollUp(minutes: CellTable, startSecondsOf: (minute: number) => number): RolledUp {
  const table = new CellTable()
  const starts: number[] = []
  const indexOfStart = new Map<number, number>()
  const indexOfMinute = new Map<number, number>()
  minutes.forEach((minute, kind, value, count) => {
    let index = indexOfMinute.get(minute)
    if (index === undefined) {
      const start = startSecondsOf(minute)
      index = indexOfStart.get(start) ?? starts.push(start) - 1
      indexOfStart.set(start, index)
      indexOfMinute.set(minute, index)
    }
    table.add(index, kind, value, count)
  })
  return { table, starts }
}

function sum(tables: readonly CellTable[]): CellTable {
  if (tables.length === 1) return tables[0]!
  const total = new CellTable()
  for (const table of tables) {
    table.forEach((minute, kind, value, count) => {
      total.add(minute, kind, value, count)
    })
  }
  return total
}
