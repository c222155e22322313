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

  add({ window, series, addresses }: SourceCell): void {
    if (addresses.length === 0) return
    if (this.#isLate(window)) {
      this.lateSources[window.size] += addresses.length
      return
    }
    const counter = this.#counter(window, series)
    for (const address of addresses) addAddress(counter, address)
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

  #counter(window: VantageWindow, series: string): SourceCounter {
    const key = keyOf(window)
    const sketches = this.#windows.get(key) ?? { window, bySeries: new Map<string, SourceCounter | number>() }
    this.#windows.set(key, sketches)
    const known = sketches.bySeries.get(series)
    if (known instanceof SourceCounter) return known
    const counter = new SourceCounter()
    sketches.bySeries.set(series, counter)
    return counter
  }
}

function keyOf(window: VantageWindow): string {
  return `${window.size}|${window.zone}|${window.startSeconds}|${window.vantage}`
}

function addAddress(counter: SourceCounter, address: Uint8Array): void {
  if (address.length === 4) counter.add4(wordAt(address, 0))
  else counter.add6(wordAt(address, 0), wordAt(address, 4), wordAt(address, 8), wordAt(address, 12))
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
