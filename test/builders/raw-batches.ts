// Raw batches as a sensor makes them, of a few packets, and what a tagger needs to take them.
import { Batcher, DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { formatName } from '../../core/batch/name.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { BusRecord } from '../../core/bus.ts'
import type { TaggingWorld } from '../../core/tagging/tag-record.ts'
import { buildAimedAt } from '../../core/tags/aimed-at.ts'
import { frameOf, synPacket } from './frames.ts'

const SECONDS = 1_655_000_000

/** A tagger's world with one sensor, 'local', and no geo data. */
export function taggingWorld(overrides: Partial<TaggingWorld> = {}): TaggingWorld {
  return {
    geo: { region: null, asn: null, provenance: [] },
    provenance: { geo: [], rules: '1', sensors: 'none' },
    hasClockRule: false,
    spoolAgeLimitMs: 86_400_000,
    sensorFacts: (sensor) => (sensor === 'local' ? { vantages: ['all'], aimedAt: buildAimedAt([]) } : null),
    ...overrides
  }
}

/** Three packets, the second with an IP version of 7, and one frame that is no IP packet. */
export function rawBatch(overrides: Partial<RawBatch> = {}): RawBatch {
  const batcher = new Batcher({
    sensor: 'local',
    epoch: 'ab',
    epochStartedMs: 0,
    lane: 0,
    file: 'a.pcap',
    limits: DEFAULT_BATCH_LIMITS,
    withDigest: true
  })
  const wrongVersion = synPacket()
  wrongVersion[0] = 0x75
  const mirai = synPacket({ dst: [203, 0, 113, 9], seq: 0xcb007109 })
  batcher.add(frameOf(mirai, 1, SECONDS))
  batcher.add(frameOf(wrongVersion, 2, SECONDS))
  batcher.add(frameOf(new Uint8Array(20), 3, SECONDS, 1))
  batcher.add(frameOf(synPacket(), 4, SECONDS))
  return { ...batcher.close()!, ...overrides }
}

/** A record of packets.raw with this batch. */
export function rawRecord(
  value: RawBatch,
  overrides: Partial<BusRecord<RawBatch>> = {}
): BusRecord<RawBatch> {
  return {
    offset: 17,
    appendedAtMs: SECONDS * 1000,
    headerName: formatName(value.name),
    delivered: { kind: 'value', value, sizeBytes: 1 },
    ...overrides
  }
}
