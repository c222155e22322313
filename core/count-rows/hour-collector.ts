// Rows of one series put together to hours: those of several sensors are added up, and the two busiest are known.
import type { HourCounts } from '../surges/hour-counts.ts'
import type { CountRow } from './count-row.ts'

/** What a row did: it was taken, it came too late, or it says again what was said. */
export type RowOutcome = 'taken' | 'out-of-order' | 'repeated'

/** An hour of a series that is complete. */
export interface CollectedHour {
  readonly hour: number
  readonly counts: HourCounts
}

/** The hour under way of one series. Rows come in order of time; an hour is complete when a later one begins. */
export class HourCollector {
  #hour = -1
  #packets = 0
  #sources: number | null = null
  #darkAddresses: number | null = null
  #sensors: number[] = []
  #busiest = { sensor: 0, count: 0, secondCount: 0 }
  #hasSensors = false

  /** Takes a row; `sensor` is its sensor's number. `complete` is called first with the hour that the row ends. */
  take(row: CountRow, sensor: number, complete: (hour: CollectedHour) => void): RowOutcome {
    if (row.hour < this.#hour) return 'out-of-order'
    if (row.hour > this.#hour) {
      this.finish(complete)
      this.#begin(row)
    } else if (row.sensor === null || this.#sensors.includes(sensor)) return 'repeated'
    this.#sensors.push(sensor)
    this.#packets += row.packets
    if (row.sources !== null) this.#sources = (this.#sources ?? 0) + row.sources
    if (row.darkAddresses !== null) this.#darkAddresses = (this.#darkAddresses ?? 0) + row.darkAddresses
    if (row.sensor !== null) this.#rank(sensor, row.sources ?? row.packets)
    return 'taken'
  }

  /** Gives the hour under way, if there is one. */
  finish(complete: (hour: CollectedHour) => void): void {
    if (this.#hour < 0) return
    const counts = {
      packets: this.#packets,
      sources: this.#sources,
      busiest: this.#hasSensors ? this.#busiest : null,
      darkAddresses: this.#darkAddresses
    }
    complete({ hour: this.#hour, counts })
    this.#hour = -1
  }

  #begin(row: CountRow): void {
    this.#hour = row.hour
    this.#packets = 0
    this.#sources = null
    this.#darkAddresses = null
    this.#sensors = []
    this.#busiest = { sensor: 0, count: 0, secondCount: 0 }
    this.#hasSensors = row.sensor !== null
  }

  #rank(sensor: number, count: number): void {
    if (count > this.#busiest.count) {
      this.#busiest = { sensor, count, secondCount: this.#busiest.count }
    } else if (count > this.#busiest.secondCount) this.#busiest.secondCount = count
  }
}
