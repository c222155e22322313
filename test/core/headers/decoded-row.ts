// One row of the header columns as an object, and packets that look enough like IP to go deep into the decoder.
import * as fc from 'fast-check'
import { decodePacket } from '../../../core/headers/decode.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../../../core/packets/reject-reason.ts'
import { icmp, ipv4, ipv6, tcp, udp } from './build-packet.ts'

const HEADER_COLUMNS = [
  'ipVersion',
  'protocol',
  'srcPort',
  'dstPort',
  'icmpType',
  'icmpCode',
  'tcpFlags',
  'tcpSeq',
  'tcpDataOffset',
  'tcpWindow',
  'ipId',
  'fragment',
  'ttl',
  'ipLength',
  'notes'
] as const

export type DecodedRow = Record<(typeof HEADER_COLUMNS)[number], number> & { src: number[]; dst: number[] }

/** Decodes into a row that was full of other values, so that a column left alone is seen. */
export function decodedRow(bytes: Uint8Array, start: number, end: number): DecodedRow | FrameRejectReason {
  const columns = new PacketColumns(1)
  for (const column of Object.values(columns)) if (ArrayBuffer.isView(column)) (column as Uint8Array).fill(99)
  const rejected = decodePacket(bytes, start, end, columns, 0)
  if (rejected !== 0) return FRAME_REJECT_REASONS[rejected - 1]!
  const numbers = Object.fromEntries(HEADER_COLUMNS.map((name) => [name, columns[name][0]!]))
  return {
    ...(numbers as Record<(typeof HEADER_COLUMNS)[number], number>),
    src: [...columns.src],
    dst: [...columns.dst]
  }
}

const words = (maxWords: number): fc.Arbitrary<number[]> =>
  fc
    .integer({ min: 0, max: maxWords })
    .chain((n) => fc.array(fc.nat(255), { minLength: n * 4, maxLength: n * 4 }))

const payload = fc.array(fc.nat(255), { maxLength: 40 })

const transport = fc.oneof(
  fc
    .record({
      options: words(10),
      dataOffset: fc.option(fc.nat(15), { nil: undefined }),
      flags: fc.nat(4095),
      payload
    })
    .map(({ payload, dataOffset, ...fields }) => ({
      protocol: 6,
      bytes: tcp({ ...fields, ...(dataOffset === undefined ? {} : { dataOffset }) }, payload)
    })),
  payload.map((bytes) => ({ protocol: 17, bytes: udp(1, 53, bytes) })),
  payload.map((bytes) => ({ protocol: 1, bytes: icmp(8, 0, bytes) })),
  payload.map((bytes) => ({ protocol: 58, bytes: icmp(128, 0, bytes) })),
  payload.map((bytes) => ({ protocol: 47, bytes }))
)

const inIpv4 = fc
  .record({ transport, options: words(10), fragment: fc.constantFrom(0, 0, 0x4000, 0x2000, 1, 0x20b9) })
  .map(({ transport, ...fields }) => ipv4({ ...fields, protocol: transport.protocol }, transport.bytes))

const extension = fc.oneof(
  fc.constantFrom(0, 43, 60, 135, 139, 140).chain((type) =>
    fc.nat(2).chain((units) =>
      fc.array(fc.nat(255), { minLength: 6 + units * 8, maxLength: 6 + units * 8 }).map((rest) => ({
        type,
        bytes: (next: number) => [next, units, ...rest]
      }))
    )
  ),
  fc.constantFrom(0, 1, 8, 0x5c9).map((word) => ({
    type: 44,
    bytes: (next: number) => [next, 0, word >> 8, word & 0xff, 0, 0, 0, 1]
  })),
  fc.constant({ type: 51, bytes: (next: number) => [next, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2] })
)

const inIpv6 = fc
  .record({ transport, extensions: fc.array(extension, { maxLength: 4 }) })
  .map(({ transport, extensions }) => {
    const nextOf = (i: number): number => extensions[i]?.type ?? transport.protocol
    const chain = extensions.flatMap(({ bytes }, i) => bytes(nextOf(i + 1)))
    return ipv6({ next: nextOf(0) }, [...chain, ...transport.bytes])
  })

/** Valid IPv4 and IPv6 packets, many with some bytes changed, cut short, or with bytes behind. */
export const looksLikeIp: fc.Arbitrary<Uint8Array> = fc
  .record({
    packet: fc.oneof(inIpv4, inIpv6),
    changes: fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 2 }),
    cutTo: fc.option(fc.nat(120), { nil: undefined, freq: 2 }),
    behind: fc.array(fc.nat(255), { maxLength: 6 })
  })
  .map(({ packet, changes, cutTo, behind }) => {
    const bytes = Uint8Array.from([...packet, ...behind])
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
    return bytes.subarray(0, cutTo)
  })
