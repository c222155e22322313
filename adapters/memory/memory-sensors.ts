// Packets by series and sensor of every hour in this process; of old hours the busiest sensors.
import type { CountPart } from '../../core/store/count-store.ts'
import { keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import {
  cellsToDrop,
  type HourBySensor,
  trimmedUpToSeconds,
  withoutDropped
} from '../../core/store/busiest-sensors.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import { windowStartSeconds } from '../../core/windows/time-zone.ts'

/** A table a sensor and hour. */
export class MemorySensors {
  readonly #retention: Retention | null
  readonly #nowSeconds: () => number
  readonly #hours = new Map<number, Map<string, CountTable>>()
  readonly #untrimmed = new Set<number>()
  #trimmedUpTo: number | null = null

  constructor(retention: Retention | null, nowSeconds: () => number) {
    this.#retention = retention
    this.#nowSeconds = nowSeconds
  }

  /** Hours that start at or before this may be trimmed; null where none ever was. */
  get trimmedUpTo(): number | null {
    return this.#trimmedUpTo
  }

  add({ minuteSeconds, sensor, log }: CountPart): void {
    const startSeconds = windowStartSeconds('hour', 'UTC', minuteSeconds)
    if (this.#isExpired(startSeconds)) return
    let hour = this.#hours.get(startSeconds)
    if (hour === undefined) {
      this.#forgetExpired()
      hour = new Map()
      this.#hours.set(startSeconds, hour)
    }
    const table = hour.get(sensor) ?? new CountTable()
    hour.set(sensor, table)
    table.merge(log)
    this.#untrimmed.add(startSeconds)
  }

  /** Packets by series of each sensor in an hour. */
  packets(startSeconds: number): HourBySensor {
    if (this.#isExpired(startSeconds)) return new Map()
    return new Map(
      [...(this.#hours.get(startSeconds) ?? [])].map(([sensor, table]) => [sensor, table.series()])
    )
  }

  /** Keeps the two busiest sensors of each series in hours that are old enough. */
  trim(watermarkSeconds: number): void {
    const upTo = trimmedUpToSeconds(watermarkSeconds)
    this.#trimmedUpTo = Math.max(upTo, this.#trimmedUpTo ?? upTo)
    for (const startSeconds of this.#untrimmed) {
      if (startSeconds > upTo) continue
      const hour = this.packets(startSeconds)
      const drops = cellsToDrop(hour)
      for (const [sensor, series] of hour) {
        const kept = withoutDropped(series, drops.get(sensor))
        if (kept === null) this.#hours.get(startSeconds)!.delete(sensor)
        else this.#hours.get(startSeconds)!.set(sensor, kept)
      }
      this.#untrimmed.delete(startSeconds)
    }
  }

  clear(): void {
    this.#hours.clear()
    this.#untrimmed.clear()
    this.#trimmedUpTo = null
  }

  #isExpired(startSeconds: number): boolean {
    if (this.#retention === null) return false
    return keepUntilSeconds({ size: 'hour', startSeconds }, this.#retention) <= this.#nowSeconds()
  }

  #forgetExpired(): void {
    for (const startSeconds of this.#hours.keys()) {
      if (!this.#isExpired(startSeconds)) continue
      this.#hours.delete(startSeconds)
      this.#untrimmed.delete(startSeconds)
    }
  }
}
