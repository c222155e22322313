// Packets by series of every window, with an end to each window where there is a retention.
import type { CountCell, VantageWindow } from '../../core/store/count-store.ts'
import { expiredPacketsOf, keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import type { Window, WindowSize } from '../../core/windows/window.ts'

interface Counted {
  readonly window: VantageWindow
  readonly packets: Map<string, number>
}

/** Packets by window and series; windows past their retention are counted as expired and forgotten. */
export class MemoryWindows {
  readonly expiredPackets: Record<WindowSize, number> = { minute: 0, hour: 0, day: 0 }
  readonly #retention: Retention | null
  readonly #nowSeconds: () => number
  /** By size, zone and vantage, then by start. */
  readonly #groups = new Map<string, Map<number, Counted>>()
  #expiredAt = 0

  constructor(retention: Retention | null, nowSeconds: () => number) {
    this.#retention = retention
    this.#nowSeconds = nowSeconds
  }

  isExpired(window: Pick<Window, 'size' | 'startSeconds'>): boolean {
    if (this.#retention === null) return false
    return keepUntilSeconds(window, this.#retention) <= this.#nowSeconds()
  }

  /** Adds cells to their windows, and answers the packets of windows that are expired, by size. */
  add(cells: readonly CountCell[]): Partial<Record<WindowSize, number>> {
    this.#expire()
    const expired: Partial<Record<WindowSize, number>> = {}
    // Callers share one window object among its cells: it is looked up once an object, not once a cell.
    const byObject = new Map<VantageWindow, Counted | null>()
    for (const cell of cells) {
      let counted = byObject.get(cell.window)
      if (counted === undefined) {
        counted = this.isExpired(cell.window) ? null : this.#counted(cell.window)
        byObject.set(cell.window, counted)
      }
      if (counted === null) {
        const { size } = cell.window
        expired[size] = (expired[size] ?? 0) + expiredPacketsOf(cell)
      } else {
        counted.packets.set(cell.series, (counted.packets.get(cell.series) ?? 0) + cell.packets)
      }
    }
    for (const size of ['minute', 'hour', 'day'] as const) this.expiredPackets[size] += expired[size] ?? 0
    return expired
  }

  starts(size: WindowSize, zone: string, vantage: string): number[] {
    this.#expire()
    return [...(this.#groups.get(groupKey({ size, zone, vantage }))?.keys() ?? [])].sort((a, b) => a - b)
  }

  vantages(): string[] {
    this.#expire()
    const counted = [...this.#groups.values()].flatMap((group) => [...group.values()])
    return [...new Set(counted.map(({ window }) => window.vantage))].sort()
  }

  packets(window: VantageWindow): Map<string, number> {
    this.#expire()
    return new Map(this.#groups.get(groupKey(window))?.get(window.startSeconds)?.packets)
  }

  clear(): void {
    this.#groups.clear()
    for (const size of ['minute', 'hour', 'day'] as const) this.expiredPackets[size] = 0
  }

  #counted(window: VantageWindow): Counted {
    const key = groupKey(window)
    const group = this.#groups.get(key) ?? new Map<number, Counted>()
    this.#groups.set(key, group)
    const counted = group.get(window.startSeconds) ?? { window, packets: new Map<string, number>() }
    group.set(window.startSeconds, counted)
    return counted
  }

  /** Forgets what is expired, at most once a second of the clock. */
  #expire(): void {
    if (this.#retention === null || this.#nowSeconds() === this.#expiredAt) return
    this.#expiredAt = this.#nowSeconds()
    for (const [key, group] of this.#groups) {
      for (const [startSeconds, { window }] of group) if (this.isExpired(window)) group.delete(startSeconds)
      if (group.size === 0) this.#groups.delete(key)
    }
  }
}

function groupKey(window: Omit<VantageWindow, 'startSeconds'>): string {
  return `${window.size}|${window.zone}|${window.vantage}`
}
