// Packets of every window, with an end to each window where there is a retention.
import { countTableOf, type ExportedWindow } from '../../core/counts/exported-window.ts'
import type { CountPart, PutOutcome, VantageWindow } from '../../core/store/count-store.ts'
import { keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import { windowsOfMinute } from '../../core/windows/parts-of-windows.ts'
import { namedSeries, type WantedKinds } from '../../core/windows/series.ts'
import type { Window, WindowSize } from '../../core/windows/window.ts'

interface Counted {
  readonly window: VantageWindow
  readonly table: CountTable
}

/** Packets by window and series; windows past their retention are counted as expired and forgotten. */
export class MemoryWindows {
  readonly expiredPackets: Record<WindowSize, number> = { minute: 0, hour: 0, day: 0 }
  readonly #zones: readonly string[]
  readonly #retention: Retention | null
  readonly #nowSeconds: () => number
  /** By size, zone and vantage, then by start. */
  readonly #groups = new Map<string, Map<number, Counted>>()
  #expiredAt = 0

  /** `zones` are those whose days are kept, UTC among them. */
  constructor(zones: readonly string[], retention: Retention | null, nowSeconds: () => number) {
    this.#zones = zones
    this.#retention = retention
    this.#nowSeconds = nowSeconds
  }

  isExpired(window: Pick<Window, 'size' | 'startSeconds'>): boolean {
    if (this.#retention === null) return false
    return keepUntilSeconds(window, this.#retention) <= this.#nowSeconds()
  }

  /** Adds parts to their windows, and answers the packets of windows that are expired, by size. */
  add(parts: readonly CountPart[]): Partial<Record<WindowSize, number>> {
    this.#expire()
    const expired: Partial<Record<WindowSize, number>> = {}
    for (const { minuteSeconds, vantages, packets, log } of parts) {
      for (const window of windowsOfMinute(minuteSeconds, this.#zones)) {
        if (this.isExpired(window)) {
          if (window.zone === 'UTC') expired[window.size] = (expired[window.size] ?? 0) + packets
          continue
        }
        for (const vantage of vantages) this.#counted({ ...window, vantage }).table.merge(log)
      }
    }
    for (const size of ['minute', 'hour', 'day'] as const) this.expiredPackets[size] += expired[size] ?? 0
    return expired
  }

  /** Puts a window where there is none of its vantage. */
  put({ window, counts }: ExportedWindow): PutOutcome {
    if (this.isExpired(window)) return 'not-kept'
    if (this.starts(window.size, window.zone, window.vantage).includes(window.startSeconds)) return 'there'
    this.#counted(window).table.merge(countTableOf(counts).toLog())
    return 'kept'
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

  packets(window: VantageWindow, isWanted?: WantedKinds): Map<string, number> {
    this.#expire()
    const counted = this.#groups.get(groupKey(window))?.get(window.startSeconds)
    return counted === undefined ? new Map() : namedSeries(counted.table.series(isWanted))
  }

  clear(): void {
    this.#groups.clear()
    for (const size of ['minute', 'hour', 'day'] as const) this.expiredPackets[size] = 0
  }

  #counted(window: VantageWindow): Counted {
    const key = groupKey(window)
    const group = this.#groups.get(key) ?? new Map<number, Counted>()
    this.#groups.set(key, group)
    const counted = group.get(window.startSeconds) ?? { window, table: new CountTable() }
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
