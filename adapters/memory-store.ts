// Counts in this process: the embedded default. It holds to the same fence as the Redis store, and to the same tests.
import { FenceSlot } from '../core/fence/fence-slot.ts'
import { checkSlotRequest, checkSpans } from '../core/fence/slot-request.ts'
import type { ExportedWindow } from '../core/counts/exported-window.ts'
import type {
  CountedUpTo,
  CountStore,
  LateTotals,
  Ledger,
  PutOutcome,
  SensorTotals,
  SlotOutcome,
  SlotRequest,
  StoreMemory,
  VantageWindow
} from '../core/store/count-store.ts'
import { joinLedgers, joinTotals } from '../core/store/ledger.ts'
import { countedBeforeSeconds, type Retention } from '../core/store/retention.ts'
import { isWanted, newSettings, type StoreSettings, zonesKept } from '../core/store/store-settings.ts'
import { leastActiveWatermark } from '../core/store/watermark.ts'
import { namedSeries, type WantedKinds } from '../core/windows/series.ts'
import { windowEndSeconds } from '../core/windows/time-zone.ts'
import type { Window } from '../core/windows/window.ts'
import { MemorySensors } from './memory/memory-sensors.ts'
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
  readonly #sensors: MemorySensors
  #slots: FenceSlot[] = []

  constructor(options: MemoryStoreOptions = {}) {
    const { slots = 1, retention = null, dayZones = [], nowSeconds = () => 0 } = options
    this.slots = slots
    this.#settings = newSettings({ retention, dayZones })
    this.#nowSeconds = nowSeconds
    const zones = zonesKept(this.#settings)
    this.#windows = new MemoryWindows(zones, retention, nowSeconds)
    this.#sources = new MemorySources(zones, retention, nowSeconds)
    this.#sensors = new MemorySensors(retention, nowSeconds)
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
    for (const part of request.counts) this.#sensors.add(part)
    for (const part of request.sources) this.#sources.add(part)
    return { kind: 'applied', expiredPackets: this.#windows.add(request.counts) }
  }

  async trim(topic: string, partition: number, toOffset: number): Promise<void> {
    checkSpans([{ topic, partition, from: 0, to: toOffset }])
    for (const fence of this.#slots) fence.trim(topic, partition, toOffset)
  }

  async roll(): Promise<void> {
    // Windows are added to at once.
  }

  async closeSources(watermarkSeconds: number, counted: readonly CountedUpTo[]): Promise<void> {
    const isBehind = this.#slots.some((fence) =>
      counted.some(({ topic, partition, to }) => fence.offset(topic, partition) < to)
    )
    if (!isBehind) this.#sources.close(watermarkSeconds)
  }

  async trimSensorHours(watermarkSeconds: number): Promise<void> {
    this.#sensors.trim(watermarkSeconds)
  }

  async putWindow(exported: ExportedWindow): Promise<PutOutcome> {
    if (this.#settings.retention === null)
      throw new RangeError('a run counts what it plays, and takes no windows')
    const now = this.#nowSeconds()
    const before = countedBeforeSeconds(exported.window.size, await this.watermarkSeconds(), now)
    if (windowEndSeconds(exported.window) > before) return 'not-over'
    if (!isWanted(exported.window, this.#settings, now)) return 'not-kept'
    const outcome = this.#windows.put(exported)
    if (outcome === 'kept') this.#sources.put(exported)
    return outcome
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

  async packets(window: VantageWindow, isWanted?: WantedKinds): Promise<Map<string, number>> {
    return this.#windows.packets(window, isWanted)
  }

  async sources(window: VantageWindow, series: readonly string[]): Promise<Map<string, number>> {
    this.#sources.expire()
    return this.#sources.count(window, series)
  }

  async sensorPackets(startSeconds: number): Promise<Map<string, Map<string, number>>> {
    const hour = this.#sensors.packets(startSeconds)
    return new Map([...hour].map(([sensor, series]) => [sensor, namedSeries(series)]))
  }

  async sensorsAt(startSeconds: number): Promise<string[]> {
    return [...this.#sensors.packets(startSeconds).keys()].sort()
  }

  async trimmedUpToSeconds(): Promise<number | null> {
    return this.#sensors.trimmedUpTo
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

  async sensorWatermarks(): Promise<Map<string, number>> {
    return new Map(this.#slots.flatMap((fence) => [...fence.watermarks()]))
  }

  async memory(): Promise<StoreMemory | null> {
    return null
  }

  async clear(): Promise<void> {
    this.#reset()
  }

  #reset(): void {
    this.#windows.clear()
    this.#sources.clear()
    this.#sensors.clear()
    this.#slots = Array.from({ length: this.slots }, () => new FenceSlot())
  }
}
