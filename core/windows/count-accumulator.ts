// Adds up enriched batches into what the store is asked to count: a log a minute and sensor. A packet is three cells;
// series, windows and vantages are made of them by the store.
import type { EnrichedBatch } from '../batch/enriched-batch.ts'
import type { CountPart } from '../store/count-store.ts'
import { CountTable } from './count-table.ts'
import { SECTION } from './sections.ts'
import { countedTags, portCode } from './series.ts'

/** Tables that are kept for other minutes. */
const SPARE_TABLES = 64

interface Minute {
  readonly table: CountTable
  packets: number
}

interface SensorState {
  readonly sensor: string
  readonly vantages: readonly string[]
  readonly minutes: Map<number, Minute>
}

/** Collects counts until `take`, and keeps its memory for the next ones. */
export class CountAccumulator {
  readonly #sensors = new Map<string, SensorState>()
  readonly #spare: CountTable[] = []

  /** Adds every packet of the batch. */
  add(batch: EnrichedBatch): void {
    const { packets } = batch
    const { minutes } = this.#stateOf(batch)
    let last = -1
    let minute: Minute | null = null
    for (let row = 0; row < packets.length; row++) {
      const number = Math.floor(packets.seconds[row]! / 60)
      if (minute === null || number !== last) minute = this.#minute(minutes, number)
      last = number
      const tags = countedTags(packets.tags[row]!)
      minute.packets += 1
      const { table } = minute
      table.add(SECTION.port, tags, portCode(packets.protocol[row]!, packets.dstPort[row]!), 1)
      table.add(SECTION.region, tags, packets.region[row]!, 1)
      table.add(SECTION.asn, 0, packets.asn[row]!, 1)
    }
  }

  /** Gives what was added since the last call, one part a minute, sensor and list of vantages, and forgets it. */
  take(): CountPart[] {
    const parts: CountPart[] = []
    for (const { sensor, vantages, minutes } of this.#sensors.values()) {
      for (const [minute, { table, packets }] of minutes) {
        parts.push({ minuteSeconds: minute * 60, sensor, vantages, packets, log: table.toLog() })
      }
    }
    this.clear()
    return parts
  }

  /** Forgets what was added since the last `take`. */
  clear(): void {
    for (const { minutes } of this.#sensors.values()) {
      for (const { table } of minutes.values()) {
        table.clear()
        if (this.#spare.length < SPARE_TABLES) this.#spare.push(table)
      }
      minutes.clear()
    }
  }

  #minute(minutes: Map<number, Minute>, number: number): Minute {
    let minute = minutes.get(number)
    if (minute === undefined) {
      minute = { table: this.#spare.pop() ?? new CountTable(), packets: 0 }
      minutes.set(number, minute)
    }
    return minute
  }

  #stateOf(batch: EnrichedBatch): SensorState {
    // The vantages are in the key for the moment at which a new sensors.yaml changes them.
    const { sensor } = batch.name
    const key = `${sensor}|${batch.vantages.join('|')}`
    const state = this.#sensors.get(key) ?? { sensor, vantages: batch.vantages, minutes: new Map() }
    this.#sensors.set(key, state)
    return state
  }
}
