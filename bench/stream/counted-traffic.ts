// Traffic of many sensors as columns, and the batches that an aggregator would be given of it.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import { decodePacket } from '../../core/headers/decode.ts'
import type { PacketColumns } from '../../core/packets/packet-columns.ts'
import type { FencedBatch } from '../../core/store/count-store.ts'
import { Traffic, type TrafficOptions } from './traffic.ts'

const ETHERNET_BYTES = 14

/** Where the sensors stand. */
export const COUNTRIES: readonly string[] = ['JP', 'KR', 'TW', 'SG', 'PH']

/** What the report and the detector need. */
export const KEPT = { minuteHours: 48, hourDays: 14, dayDays: 182 } as const

/** A sensor and what it sees. */
export interface BenchSensor {
  readonly name: string
  readonly vantages: readonly string[]
  readonly traffic: Traffic
}

/** So many sensors, in the vantage of a country each besides `all`. */
export function benchSensors(
  count: number,
  traffic: Pick<TrafficOptions, 'sources' | 'startSeconds' | 'packetsPerSecond'>
): BenchSensor[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `sensor-${index}`,
    vantages: ['all', COUNTRIES[index % COUNTRIES.length]!],
    traffic: new Traffic({ seed: 20_220_511 + index, darkPrefix: 0xcb0000 + index, ...traffic })
  }))
}

/**
 * Fills columns with the packets until then. True where they were full before: the caller goes on with others. The last
 * packet comes in the second before `end` at the latest.
 */
export function fillColumns(traffic: Traffic, columns: PacketColumns, end: number): boolean {
  columns.length = 0
  while (columns.length < columns.capacity) {
    traffic.next()
    const { frame } = traffic
    const row = columns.length
    if (decodePacket(frame.bytes, ETHERNET_BYTES, frame.end, columns, row) === 0) {
      columns.seconds[row] = Math.min(frame.seconds, end - 1)
      columns.length = row + 1
    }
    if (frame.seconds >= end - 1) return false
  }
  return true
}

/** A batch of such columns. */
export function batchOf(
  { name, vantages, columns }: { name: string; vantages: readonly string[]; columns: PacketColumns },
  number: number,
  end: number
): EnrichedBatch {
  return {
    name: { sensor: name, epoch: 'e', lane: 0, number },
    digest: '',
    epochStartedMs: 0,
    closedAtMs: end * 1000,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    file: null,
    vantages,
    packets: columns,
    rejected: [],
    provenance: { geo: [], rules: '1', sensors: 'bench' }
  }
}

/** The same for the fence. */
export function fencedOf(sensor: string, number: number, countedPackets: number, end: number): FencedBatch {
  return {
    name: { sensor, epoch: 'e', lane: 0, number },
    digest: `digest ${number}`,
    countedPackets,
    rejectedFrames: [],
    framesBefore: 0,
    closedAtMs: end * 1000,
    kernelDrops: 0,
    declaredLosses: [],
    observedFromMs: null,
    watermarkSeconds: end
  }
}
