// Surges of rows of counts, as they come: what is kept is a state a series and the surges found.
import { judgeHour, openSurges } from '../surges/judge-hour.ts'
import { SeriesTable } from '../surges/series-table.ts'
import type { SurgeSettings } from '../surges/settings.ts'
import type { Surge } from '../surges/surge.ts'
import { type Thresholds, thresholdsOf } from '../surges/thresholds.ts'
import type { CountRow } from './count-row.ts'
import { type CollectedHour, HourCollector, type RowOutcome } from './hour-collector.ts'

/** A surge with the name of its series. */
export interface NamedSurge {
  readonly name: string
  readonly surge: Surge
}

interface KnownSeries {
  readonly name: string
  readonly number: number
  readonly collector: HourCollector
  readonly complete: (hour: CollectedHour) => void
}

/** Judges rows of any number of series. */
export class SurgeReader {
  readonly #thresholds: Thresholds
  readonly #table = new SeriesTable()
  readonly #series = new Map<string, KnownSeries>()
  readonly #sensors = new Map<string, number>()
  readonly #found: NamedSurge[] = []
  readonly #changes: Surge[] = []
  #newest: KnownSeries | null = null

  constructor(settings: SurgeSettings) {
    this.#thresholds = thresholdsOf(settings)
  }

  /** Takes a row. What is not taken changes nothing. */
  take(row: CountRow): RowOutcome {
    const series = this.#seriesOf(row.series)
    return series.collector.take(row, row.sensor === null ? 0 : this.#sensorOf(row.sensor), series.complete)
  }

  /** Every surge as it was told last, in order of detection and then of names; rows may come no more. */
  finish(): NamedSurge[] {
    for (const { name, number, collector, complete } of this.#series.values()) {
      collector.finish(complete)
      for (const surge of openSurges(this.#table, number)) this.#found.push({ name, surge })
    }
    return this.#found.sort(
      (a, b) =>
        a.surge.detectedHour - b.surge.detectedHour || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
    )
  }

  #seriesOf(name: string): KnownSeries {
    if (this.#newest?.name === name) return this.#newest
    const known = this.#series.get(name) ?? this.#addSeries(name)
    this.#newest = known
    return known
  }

  #addSeries(name: string): KnownSeries {
    const number = this.#table.add()
    const complete = ({ hour, counts }: CollectedHour) => {
      judgeHour(this.#table, number, hour, counts, this.#thresholds, this.#changes)
      // What opens or changes is told when it closes, or at the end.
      for (const surge of this.#changes) if (surge.closedHour !== null) this.#found.push({ name, surge })
      this.#changes.length = 0
    }
    const series = { name, number, collector: new HourCollector(), complete }
    this.#series.set(name, series)
    return series
  }

  #sensorOf(name: string): number {
    const known = this.#sensors.get(name)
    if (known !== undefined) return known
    const number = this.#sensors.size
    this.#sensors.set(name, number)
    return number
  }
}
