// Unique sources by series of every window: counters while open, numbers once closed.
import { SourceCounter } from '../../core/sources/source-counter.ts'
import type { SourceCell, VantageWindow } from '../../core/store/count-store.ts'
import {
  closedBeforeSeconds,
  endSeconds,
  keepUntilSeconds,
  type Retention
} from '../../core/store/retention.ts'
import type { WindowSize } from '../../core/windows/window.ts'

interface Sketches {
  readonly window: VantageWindow
  readonly bySeries: Map<string, SourceCounter | number>
}

/**
 * Unique sources by window and series: sets that become sketches as they grow, and numbers when they are
 * closed.
 */
export class MemorySketches {
  readonly lateSources: Record<WindowSize, number> = { minute: 0, hour: 0, day: 0 }
  readonly #retention: Retention | null
  readonly #nowSeconds: () => number
  readonly #windows = new Map<string, Sketches>()
  readonly #closedBefore = new Map<WindowSize, number>()
  #expiredAt = 0

  constructor(retention: Retention | null, nowSeconds: () => number) {
    this.#retention = retention
    this.#nowSeconds = nowSeconds
  }

  add(cells: readonly SourceCell[]): void {
    this.expire()
    // Callers share one window object among its cells: it is looked up once an object, not once a cell.
    const byObject = new Map<VantageWindow, Sketches | null>()
    for (const cell of cells) {
      const { window, ipVersion, words } = cell
      if (words.length === 0) continue
      let sketches = byObject.get(window)
      if (sketches === undefined) {
        sketches = this.#isLate(window) ? null : this.#sketches(window)
        byObject.set(window, sketches)
      }
      if (sketches === null)
        this.lateSources[window.size] += ipVersion === 4 ? words.length : words.length / 4
      else addSources(sketches, cell)
    }
  }

  count(window: VantageWindow, series: string): number {
    const counter = this.#windows.get(keyOf(window))?.bySeries.get(series) ?? 0
    return typeof counter === 'number' ? counter : counter.count()
  }

  /** Turns counters of windows far enough behind the watermark into numbers; never where nothing expires (a run). */
  close(watermarkSeconds: number): void {
    if (this.#retention === null) return
    for (const size of ['hour', 'day'] as const) {
      const before = closedBeforeSeconds(size, watermarkSeconds)
      this.#closedBefore.set(size, Math.max(before, this.#closedBefore.get(size) ?? before))
    }
    for (const { window, bySeries } of this.#windows.values()) {
      if (!this.#isLate(window)) continue
      for (const [series, counter] of bySeries) {
        if (typeof counter !== 'number') bySeries.set(series, counter.count())
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

  #isLate(window: VantageWindow): boolean {
    const closedBefore = this.#closedBefore.get(window.size) ?? Number.NEGATIVE_INFINITY
    return endSeconds(window) <= closedBefore || this.#isExpired(window)
  }

  #isExpired(window: VantageWindow): boolean {
    return this.#retention !== null && keepUntilSeconds(window, this.#retention) <= this.#nowSeconds()
  }

  #sketches(window: VantageWindow): Sketches {
    const key = keyOf(window)
    let sketches = this.#windows.get(key)
    if (sketches === undefined) {
      sketches = { window, bySeries: new Map() }
      this.#windows.set(key, sketches)
    }
    return sketches
  }
}

function keyOf(window: VantageWindow): string {
  return `${window.size}|${window.zone}|${window.startSeconds}|${window.vantage}`
}

function addSources({ bySeries }: Sketches, { series, ipVersion, words }: SourceCell): void {
  let counter = bySeries.get(series)
  if (!(counter instanceof SourceCounter)) {
    counter = new SourceCounter()
    bySeries.set(series, counter)
  }
  if (ipVersion === 4) {
    for (let at = 0; at < words.length; at++) counter.add4(words[at]!)
  } else {
    for (let at = 0; at < words.length; at += 4) {
      counter.add6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
    }
  }
}
