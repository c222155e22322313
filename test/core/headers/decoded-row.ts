// One row of the header columns as an object.
import { decodePacket } from '../../../core/headers/decode.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../../../core/packets/reject-reason.ts'

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
