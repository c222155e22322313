// Counts in this process: the embedded default. It holds to the same fence as the Redis store, and to the same tests.
import { FenceSlot } from '../core/fence/fence-slot.ts'
import { checkSlotRequest, checkSpans } from '../core/fence/slot-request.ts'
import { cellsToDrop, trimmedUpToSeconds } from '../core/store/busiest-sensors.ts'
import type {
  CountStore,
  LateTotals,
  Ledger,
  SensorCell,
  SensorTotals,
  SlotOutcome,
  SlotRequest,
  VantageWindow
} from '../core/store/count-store.ts'
import { joinLedgers, joinTotals } from '../core/store/ledger.ts'
import type { Retention } from '../core/store/retention.ts'
import { newSettings, type StoreSettings, zonesKept } from '../core/store/store-settings.ts'
import { leastActiveWatermark } from '../core/store/watermark.ts'
import type { Window } from '../core/windows/window.ts'
import { MemorySources } from './memory/memory-sources.ts'
import { MemoryWindows } from './memory/memory-windows.ts'

/** Settings of a store in memory; by default one slot, and everything is kept. */
export interface MemoryStoreOptions {
  readonly slots?: number
  /** Null keeps everything (a run). */
  readonly retention?: Retention | null
  /** IANA names of the time zones whose days are counted besides UTC's. */
  readonly dayZones?: readonly string[]
  /** The clock that windows expire by; needed only where there is a retention. */
  readonly nowSeconds?: () => number
}

/** A CountStore in memory. Every step is synchronous inside, so it is atomic; nothing survives the process. */
export class MemoryStore implements CountStore {
  readonly slots: number
  readonly #settings: StoreSettings
  readonly #nowSeconds: () => number
  readonly #windows: MemoryWindows
  readonly #sources: MemorySources
  readonly #hours = new Map<number, Map<string, Map<string, number>>>()
  readonly #untrimmedHours = new Set<number>()
  #trimmedUpTo: number | null = null
  #slots: FenceSlot[] = []

  constructor(options: MemoryStoreOptions = {}) {
    const { slots = 1, retention = null, dayZones = [], nowSeconds = () => 0 } = options
    this.slots = slots
    this.#settings = newSettings({ retention, dayZones })
    this.#nowSeconds = nowSeconds
    this.#windows = new MemoryWindows(retention, nowSeconds)
    this.#sources = new MemorySources(zonesKept(this.#settings), retention, nowSeconds)
    this.#reset()
  }

  async start(): Promise<void> {
    // Nothing to open.
  }

  async stop(): Promise<void> {
    // Nothing to close.
  }

  async nextOffset(topic: string, partition: number): Promise<number> {
    return Math.min(...this.#slots.map((fence) => fence.offset(topic, partition)))
  }

  countedUpTo(topic: string, partitions: number): Promise<number[]> {
    return Promise.all(
      Array.from({ length: partitions }, (_, partition) => this.nextOffset(topic, partition))
    )
  }

  async applySlot(request: SlotRequest): Promise<SlotOutcome> {
    checkSlotRequest(request, this.slots)
    const fence = this.#slots[request.slot]!
    const refusal = fence.check(request.spans, request.batches, request.known)
    if (refusal !== null) return refusal
    fence.commit(request.spans, request.batches)
    this.#addSensorCells(request.sensorCells)
    for (const part of request.sources) this.#sources.add(part)
    return { kind: 'applied', expiredPackets: this.#windows.add(request.cells) }
  }

  async trim(topic: string, partition: number, toOffset: number): Promise<void> {
    checkSpans([{ topic, partition, from: 0, to: toOffset }])
    for (const fence of this.#slots) fence.trim(topic, partition, toOffset)
  }

  async tidySources(watermarkSeconds: number): Promise<void> {
    this.#sources.close(watermarkSeconds)
  }

  async trimSensorHours(watermarkSeconds: number): Promise<void> {
    const upTo = trimmedUpToSeconds(watermarkSeconds)
    this.#trimmedUpTo = Math.max(upTo, this.#trimmedUpTo ?? upTo)
    for (const startSeconds of this.#untrimmedHours) {
      if (startSeconds > upTo) continue
      const hour = this.#hours.get(startSeconds) ?? new Map<string, Map<string, number>>()
      for (const { sensor, series } of cellsToDrop(hour)) hour.get(sensor)?.delete(series)
      this.#untrimmedHours.delete(startSeconds)
    }
  }

  async settings(): Promise<StoreSettings> {
    return this.#settings
  }

  async nowSeconds(): Promise<number> {
    return this.#nowSeconds()
  }

  async windows(size: Window['size'], zone: string, vantage: string): Promise<number[]> {
    return this.#windows.starts(size, zone, vantage)
  }

  async vantages(): Promise<string[]> {
    return this.#windows.vantages()
  }

  async packets(window: VantageWindow): Promise<Map<string, number>> {
    return this.#windows.packets(window)
  }

  async sources(window: VantageWindow, series: readonly string[]): Promise<Map<string, number>> {
    this.#sources.expire()
    return this.#sources.count(window, series)
  }

  async sensorPackets(startSeconds: number): Promise<Map<string, Map<string, number>>> {
    const hour = this.#windows.isExpired({ size: 'hour', startSeconds })
      ? []
      : (this.#hours.get(startSeconds) ?? [])
    const sensors = new Map<string, Map<string, number>>()
    for (const [sensor, packets] of hour) if (packets.size > 0) sensors.set(sensor, new Map(packets))
    return sensors
  }

  async trimmedUpToSeconds(): Promise<number | null> {
    return this.#trimmedUpTo
  }

  async sensorTotals(): Promise<SensorTotals[]> {
    return joinTotals(this.#slots.map((fence) => fence.totals()))
  }

  async ledger(): Promise<Ledger> {
    return joinLedgers(
      this.#slots.map((fence) => ({
        sensors: fence.totals(),
        gaps: fence.gaps(),
        unobserved: fence.unobserved(),
        lostRecords: fence.lostRecords()
      }))
    )
  }

  async lateTotals(): Promise<LateTotals> {
    return {
      expiredPackets: { ...this.#windows.expiredPackets },
      lateSources: { ...this.#sources.lateSources }
    }
  }

  async watermarkSeconds(): Promise<number> {
    return leastActiveWatermark(this.#slots.flatMap((fence) => [...fence.watermarks().values()]))
  }

  async clear(): Promise<void> {
    this.#reset()
  }

  #reset(): void {
    this.#windows.clear()
    this.#sources.clear()
    this.#hours.clear()
    this.#untrimmedHours.clear()
    this.#trimmedUpTo = null
    this.#slots = Array.from({ length: this.slots }, () => new FenceSlot())
  }

  #addSensorCells(cells: readonly SensorCell[]): void {
    let last: SensorCell | null = null
    let counted: Map<string, number> | null = null
    for (const cell of cells) {
      const isSame = last !== null && cell.startSeconds === last.startSeconds && cell.sensor === last.sensor
      if (!isSame) counted = this.#sensorHour(cell)
      last = cell
      counted?.set(cell.series, (counted.get(cell.series) ?? 0) + cell.packets)
    }
  }

  /** Packets by series of a sensor's hour; null where the hour is expired. */
  #sensorHour({ startSeconds, sensor }: SensorCell): Map<string, number> | null {
    if (this.#windows.isExpired({ size: 'hour', startSeconds })) return null
    let hour = this.#hours.get(startSeconds)
    if (hour === undefined) {
      this.#forgetExpiredHours()
      hour = new Map()
      this.#hours.set(startSeconds, hour)
    }
    let counted = hour.get(sensor)
    if (counted === undefined) {
      counted = new Map()
      hour.set(sensor, counted)
    }
    this.#untrimmedHours.add(startSeconds)
    return counted
  }

  #forgetExpiredHours(): void {
    for (const startSeconds of this.#hours.keys()) {
      if (!this.#windows.isExpired({ size: 'hour', startSeconds })) continue
      this.#hours.delete(startSeconds)
      this.#untrimmedHours.delete(startSeconds)
    }
  }
}
