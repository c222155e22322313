// Unique sources by window, vantage and series in this process, by the same logs and closing rules as in Redis.
import { type ExportedWindow, sourceNumbersOf } from '../../core/counts/exported-window.ts'
import {
  decodeSourceNumbers,
  encodeSourceNumbers,
  sourcesOfSeries
} from '../../core/sources/source-numbers.ts'
import { registersIn, SourceTable } from '../../core/sources/source-log.ts'
import type { SourcePart, VantageWindow } from '../../core/store/count-store.ts'
import {
  closedBeforeSeconds,
  endSeconds,
  keepUntilSeconds,
  type Retention
} from '../../core/store/retention.ts'
import { windowsOfQuarter } from '../../core/windows/parts-of-windows.ts'
import type { Window, WindowSize } from '../../core/windows/window.ts'

interface WindowSources {
  readonly window: Window
  /** A table while sources are taken, numbers once the window is closed. */
  readonly byVantage: Map<string, SourceTable | Uint8Array>
}

/** Sources of hours, and of days in each zone. */
export class MemorySources {
  readonly lateSources: Record<WindowSize, number> = { minute: 0, hour: 0, day: 0 }
  readonly #zones: readonly string[]
  readonly #retention: Retention | null
  readonly #nowSeconds: () => number
  readonly #windows = new Map<string, WindowSources>()
  readonly #closedBefore = new Map<WindowSize, number>()
  #expiredAt = 0

  /** `zones` are those whose days are kept, UTC among them. */
  constructor(zones: readonly string[], retention: Retention | null, nowSeconds: () => number) {
    this.#zones = zones
    this.#retention = retention
    this.#nowSeconds = nowSeconds
  }

  add({ quarterSeconds, vantages, log }: SourcePart): void {
    this.expire()
    for (const window of windowsOfQuarter(quarterSeconds, this.#zones)) {
      if (this.#isLate(window)) {
        this.lateSources[window.size] += registersIn(log)
        continue
      }
      for (const vantage of vantages) this.#table(window, vantage).merge(log)
    }
  }

  /** Takes the numbers of a window of which nothing is here. */
  put({ window, counts }: ExportedWindow): void {
    this.#sourcesOf(window).byVantage.set(window.vantage, sourceNumbersOf(counts))
  }

  /** Unique sources of these series, 0 where there are none. */
  count(window: VantageWindow, series: readonly string[]): Map<string, number> {
    const kept = this.#windows.get(keyOf(window))?.byVantage.get(window.vantage)
    return sourcesOfSeries(series, (visit) => {
      if (kept instanceof SourceTable) kept.forEach(visit)
      else if (kept !== undefined) decodeSourceNumbers(kept, visit)
    })
  }

  /** Turns windows far enough behind the watermark into numbers; never where nothing expires (a run). */
  close(watermarkSeconds: number): void {
    if (this.#retention === null) return
    for (const size of ['hour', 'day'] as const) {
      const before = closedBeforeSeconds(size, watermarkSeconds)
      this.#closedBefore.set(size, Math.max(before, this.#closedBefore.get(size) ?? before))
    }
    for (const { window, byVantage } of this.#windows.values()) {
      if (!this.#isLate(window)) continue
      for (const [vantage, kept] of byVantage) {
        if (kept instanceof SourceTable) byVantage.set(vantage, encodeSourceNumbers(kept))
      }
    }
  }

  /** Forgets what is expired, at most once a second of the clock. */
  expire(): void {
    if (this.#retention === null || this.#nowSeconds() === this.#expiredAt) return
    this.#expiredAt = this.#nowSeconds()
    for (const [key, { window }] of this.#windows) if (this.#isExpired(window)) this.#windows.delete(key)
  }

  clear(): void {
    this.#windows.clear()
    this.#closedBefore.clear()
    for (const size of ['minute', 'hour', 'day'] as const) this.lateSources[size] = 0
  }

  #isLate(window: Window): boolean {
    const closedBefore = this.#closedBefore.get(window.size) ?? Number.NEGATIVE_INFINITY
    return endSeconds(window) <= closedBefore || this.#isExpired(window)
  }

  #isExpired(window: Window): boolean {
    return this.#retention !== null && keepUntilSeconds(window, this.#retention) <= this.#nowSeconds()
  }

  #sourcesOf(window: Window): WindowSources {
    const key = keyOf(window)
    const kept = this.#windows.get(key) ?? { window, byVantage: new Map<string, SourceTable | Uint8Array>() }
    this.#windows.set(key, kept)
    return kept
  }

  #table(window: Window, vantage: string): SourceTable {
    const kept = this.#sourcesOf(window)
    let table = kept.byVantage.get(vantage)
    if (!(table instanceof SourceTable)) {
      table = new SourceTable()
      kept.byVantage.set(vantage, table)
    }
    return table
  }
}

function keyOf({ size, zone, startSeconds }: Window): string {
  return `${size}|${zone}|${startSeconds}`
}
