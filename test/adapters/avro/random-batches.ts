// Batches of every kind for property tests of the codecs.
import * as fc from 'fast-check'
import type { EnrichedBatch, RejectedRecord } from '../../../core/batch/enriched-batch.ts'
import type { DeclaredLoss, RawBatch } from '../../../core/batch/raw-batch.ts'
import { ABSENT, PacketColumns } from '../../../core/packets/packet-columns.ts'
import { packRegion } from '../../../core/packets/region-code.ts'
import {
  FRAME_REJECT_REASONS,
  REJECT_REASON_DOCS,
  type RejectReason
} from '../../../core/packets/reject-reason.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const count = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 }))
const hex = (maxLength: number) =>
  fc
    .array(fc.nat(15), { minLength: 1, maxLength })
    .map((digits) => digits.map((d) => d.toString(16)).join(''))
const orAbsent = (most: number) => fc.oneof(fc.constant(ABSENT), fc.integer({ min: 0, max: most }))
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((values) => Buffer.from(values))
const file = fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: null })

const loss: fc.Arbitrary<DeclaredLoss> = fc.record({
  epoch: hex(64),
  lane: fc.nat(100),
  from: count,
  to: count,
  frames: count,
  kind: fc.constantFrom('epoch-end' as const, 'spool-drop' as const)
})

const head = {
  name: fc.record({
    sensor: fc.string({ minLength: 1, maxLength: 20 }).map((text) => text.replaceAll('|', '-')),
    epoch: hex(64),
    lane: fc.nat(99_999),
    number: fc.integer({ min: -5, max: 2 ** 33 })
  }),
  digest: fc.oneof(fc.constant(''), hex(64)),
  epochStartedMs: fc.integer({ min: -1e12, max: 4e12 }),
  closedAtMs: fc.integer({ min: -1e12, max: 5e12 }),
  framesBefore: count,
  kernelDrops: count,
  declaredLosses: fc.array(loss, { maxLength: 4 }),
  file
}

export const rawBatch: fc.Arbitrary<RawBatch> = fc.record({
  ...head,
  packets: fc.nat(5000),
  capture: bytes(2000),
  frames: fc.array(count, { maxLength: 50 }).map((frames) => Float64Array.from(frames)),
  refused: fc.array(
    fc.record({
      frame: count,
      linkType: fc.nat(65_535),
      reason: fc.constantFrom(...FRAME_REJECT_REASONS),
      bytes: bytes(64),
      lengthBytes: uint32
    }),
    { maxLength: 5 }
  )
})

const packet = fc.record({
  frame: count,
  seconds: uint32,
  nanoseconds: fc.nat(999_999_999),
  isIpv6: fc.boolean(),
  addresses: fc.tuple(uint32, uint32, uint32, uint32, uint32, uint32, uint32, uint32),
  protocol: fc.nat(255),
  srcPort: orAbsent(65_535),
  dstPort: orAbsent(65_535),
  icmpType: orAbsent(255),
  icmpCode: orAbsent(255),
  tcpFlags: orAbsent(4095),
  tcpSeq: orAbsent(2 ** 32 - 1),
  ipId: orAbsent(65_535),
  ttl: fc.nat(255),
  ipLength: fc.nat(65_575),
  notes: fc.nat(3),
  tags: fc.nat(2 ** TAG_RULES.length - 1),
  region: fc.constantFrom('ZZ', 'JP', 'US', 'DE', 'KR'),
  asn: uint32
})

type Packet = typeof packet extends fc.Arbitrary<infer P> ? P : never

/** The columns of these packets, in a table with room to spare. */
function columnsOf(packets: readonly Packet[]): PacketColumns {
  const columns = new PacketColumns(packets.length + 3)
  for (const [row, fields] of packets.entries()) {
    columns.frame[row] = fields.frame
    columns.seconds[row] = fields.seconds
    columns.nanoseconds[row] = fields.nanoseconds
    columns.ipVersion[row] = fields.isIpv6 ? 6 : 4
    const words = fields.isIpv6 ? 4 : 1
    columns.src.set(fields.addresses.slice(0, words), row * 4)
    columns.dst.set(fields.addresses.slice(4, 4 + words), row * 4)
    columns.protocol[row] = fields.protocol
    columns.srcPort[row] = fields.srcPort
    columns.dstPort[row] = fields.dstPort
    columns.icmpType[row] = fields.icmpType
    columns.icmpCode[row] = fields.icmpCode
    columns.tcpFlags[row] = fields.tcpFlags
    columns.tcpSeq[row] = fields.tcpSeq
    columns.ipId[row] = fields.ipId
    columns.ttl[row] = fields.ttl
    columns.ipLength[row] = fields.ipLength
    columns.notes[row] = fields.notes
    columns.tags[row] = fields.tags
    columns.region[row] = packRegion(fields.region)
    columns.asn[row] = fields.asn
  }
  columns.length = packets.length
  return columns
}

const reason = fc.constantFrom(...(Object.keys(REJECT_REASON_DOCS) as RejectReason[]))

export const enrichedBatch: fc.Arbitrary<EnrichedBatch> = fc.record({
  ...head,
  vantages: fc.array(fc.constantFrom('all', 'JP', 'US'), { minLength: 1, maxLength: 3 }),
  packets: fc.array(packet, { maxLength: 30 }).map(columnsOf),
  rejected: fc.array(fc.record({ reason, frames: fc.nat(2 ** 31) }), { maxLength: 4 }),
  provenance: fc.record({
    geo: fc.array(fc.record({ name: fc.string(), built: fc.string() }), { maxLength: 2 }),
    rules: fc.string(),
    sensors: hex(64)
  })
})

export const rejectedRecord: fc.Arbitrary<RejectedRecord> = fc.record({
  topic: fc.string(),
  partition: fc.nat(1000),
  offset: count,
  name: fc.option(fc.string(), { nil: null }),
  file,
  frame: count,
  reason,
  bytes: bytes(500),
  lengthBytes: count,
  sha256: hex(64)
})
