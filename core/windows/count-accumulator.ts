// Adds up enriched batches into what the store is asked to count: packets by window and series, and by sensor.
// A packet pays for its minute only; hours and days are rolled up from minutes once a flush.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { CountCell, SensorCell, VantageWindow } from '../store/count-store.ts'
import { CellTable } from './cell-table.ts'
import { numbered, type RolledUp, rollUp, type SeriesCounts, sumCounts } from './roll-up.ts'
import { countedTags, portCode, SERIES_KIND } from './series.ts'
import { SeriesNames } from './series-names.ts'
import { dayStartSeconds } from './time-zone.ts'
import type { Window, WindowSize } from './window.ts'

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

/**
 * Collects counts until `take`, and keeps its memory for the next ones. Construct one a slot, or one for everything.
 */
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
    this.#names.trim()
    const numberOf = (kindAndTag: number, value: number) => this.#names.number(kindAndTag, value)
    for (const { sensor, vantages, minutes: table } of this.#sensors.values()) {
      if (table.size === 0) continue
      const minutes = numbered(table, numberOf)
      const hours = rollUp(minutes, hourOf)
      this.#appendSensor(hours, sensor, sensorCells)
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

  #appendSensor({ counts, starts }: RolledUp, sensor: string, cells: SensorCell[]): void {
    const { first, series, packets } = counts
    for (let at = 0; at < first.length; at++) {
      const startSeconds = starts[first[at]!]!
      cells.push({ startSeconds, sensor, series: this.#names.name(series[at]!), packets: packets[at]! })
    }
  }

  #appendVantage(vantage: string, { minutes, hours }: Counted, cells: CountCell[]): void {
    this.#append(minutes, windowOfMinute, vantage, cells)
    this.#append(hours.counts, windowOf(hours, 'hour', 'UTC'), vantage, cells)
    for (const zone of this.#zones) {
      const days =
        zone === 'UTC'
          ? rollUp(hours.counts, (index) => dayStartSeconds(zone, hours.starts[index]!))
          : rollUp(minutes, (minute) => dayStartSeconds(zone, minute * 60))
      this.#append(days.counts, windowOf(days, 'day', zone), vantage, cells)
    }
  }

  /** All cells of a window share one object. */
  #append(
    { first, series, packets }: SeriesCounts,
    windowOfFirst: (first: number) => Window,
    vantage: string,
    cells: CountCell[]
  ): void {
    const windows = new Map<number, VantageWindow>()
    for (let at = 0; at < first.length; at++) {
      let window = windows.get(first[at]!)
      if (window === undefined) {
        window = { ...windowOfFirst(first[at]!), vantage }
        windows.set(first[at]!, window)
      }
      cells.push({ window, series: this.#names.name(series[at]!), packets: packets[at]! })
    }
  }
}

function hourOf(minute: number): number {
  return Math.floor(minute / 60) * 3600
}

function windowOfMinute(minute: number): Window {
  return { size: 'minute', zone: 'UTC', startSeconds: minute * 60 }
}

function windowOf({ starts }: RolledUp, size: WindowSize, zone: string): (index: number) => Window {
  return (index) => ({ size, zone, startSeconds: starts[index]! })
}

/** The same packets by minute and by hour. */
interface Counted {
  readonly minutes: SeriesCounts
  readonly hours: RolledUp
}

function sum(counted: readonly Counted[]): Counted {
  if (counted.length === 1) return counted[0]!
  const minutes = sumCounts(counted.map((each) => each.minutes))
  return { minutes, hours: rollUp(minutes, hourOf) }
}
