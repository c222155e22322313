// Batches made of a few chosen fields, for tests of what comes after the decoder.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import { ABSENT, PacketColumns } from '../../core/packets/packet-columns.ts'
import { packRegion } from '../../core/packets/region-code.ts'

export interface PacketFields {
  readonly seconds?: number
  readonly src?: number
  readonly ipVersion?: 4 | 6
  readonly protocol?: number
  readonly dstPort?: number
  readonly region?: string
  readonly asn?: number
  /** Bits of the tag table. */
  readonly tags?: number
}

/** An enriched batch of IPv4 packets; fields that are left out have harmless values. */
export function enrichedBatch(
  packets: readonly PacketFields[],
  overrides: Partial<EnrichedBatch> & { readonly number?: number } = {}
): EnrichedBatch {
  const columns = new PacketColumns(packets.length)
  for (const [row, packet] of packets.entries()) {
    columns.seconds[row] = packet.seconds ?? 0
    columns.ipVersion[row] = packet.ipVersion ?? 4
    columns.src[row * 4] = packet.src ?? 1
    columns.protocol[row] = packet.protocol ?? 6
    columns.dstPort[row] = packet.dstPort ?? ABSENT
    columns.region[row] = packRegion(packet.region ?? 'ZZ')
    columns.asn[row] = packet.asn ?? 0
    columns.tags[row] = packet.tags ?? 0
  }
  columns.length = packets.length
  const { number, ...rest } = overrides
  return {
    name: { sensor: 'local', epoch: 'ab', lane: 0, number: number ?? 1 },
    digest: `digest-${number ?? 1}`,
    epochStartedMs: 0,
    closedAtMs: 0,
    framesBefore: 0,
    kernelDrops: 0,
    declaredLosses: [],
    file: null,
    vantages: ['all'],
    packets: columns,
    rejected: [],
    provenance: { geo: [], rules: '1', sensors: 'none' },
    ...rest
  }
}
