// One packet's headers into one row of columns. The hot path: bytes are read where they lie and nothing is
// allocated; an IPv4 TCP packet takes about 45 ns (bench/headers.ts).
import { ABSENT, NOTE, type PacketColumns } from '../packets/packet-columns.ts'
import { FRAGMENT_OFFSET_MASK, locateTransport, TransportSpan } from './locate-transport.ts'
import { PROTOCOL } from './protocols.ts'

/** Bytes of a TCP header without options (RFC 9293). */
export const TCP_FIXED_BYTES = 20
/** Bytes of a UDP header (RFC 768). */
export const UDP_FIXED_BYTES = 8
/** Bytes that every ICMP and ICMPv6 message has at least (RFC 792, RFC 4443). */
export const ICMP_FIXED_BYTES = 8

const span = new TransportSpan()

/**
 * Decodes the IP packet in bytes[start, end) into row `row` and answers 0, or answers 1 + the index of the
 * reason in FRAME_REJECT_REASONS, and the row then holds nothing of use. The outermost IP header decides;
 * what follows it is never a reason to reject: each transport field whose bytes are there is read, the others
 * are ABSENT, and the row's notes say what was odd. Fills every column but frame, seconds, nanoseconds, tags,
 * region and asn, and leaves `columns.length` alone. Reads nothing outside [start, end) and never throws.
 */
export function decodePacket(
  bytes: Uint8Array,
  start: number,
  end: number,
  columns: PacketColumns,
  row: number
): number {
  const rejected = locateTransport(bytes, start, end, span)
  if (rejected !== 0) return rejected
  if (bytes[start]! >> 4 === 4) decodeIpv4(bytes, start, columns, row)
  else decodeIpv6(bytes, start, columns, row)
  columns.protocol[row] = span.protocol
  columns.fragment[row] = span.fragment
  decodeTransport(bytes, columns, row)
  return 0
}

function decodeIpv4(bytes: Uint8Array, at: number, columns: PacketColumns, row: number): void {
  const address = row << 2
  columns.ipVersion[row] = 4
  columns.ipLength[row] = (bytes[at + 2]! << 8) | bytes[at + 3]!
  columns.ipId[row] = (bytes[at + 4]! << 8) | bytes[at + 5]!
  columns.ttl[row] = bytes[at + 8]!
  columns.src[address] = word(bytes, at + 12)
  columns.src[address + 1] = 0
  columns.src[address + 2] = 0
  columns.src[address + 3] = 0
  columns.dst[address] = word(bytes, at + 16)
  columns.dst[address + 1] = 0
  columns.dst[address + 2] = 0
  columns.dst[address + 3] = 0
}

function decodeIpv6(bytes: Uint8Array, at: number, columns: PacketColumns, row: number): void {
  const address = row << 2
  columns.ipVersion[row] = 6
  columns.ipLength[row] = ((bytes[at + 4]! << 8) | bytes[at + 5]!) + 40
  columns.ipId[row] = ABSENT
  columns.ttl[row] = bytes[at + 7]!
  for (let i = 0; i < 4; i++) {
    columns.src[address + i] = word(bytes, at + 8 + i * 4)
    columns.dst[address + i] = word(bytes, at + 24 + i * 4)
  }
}

function decodeTransport(bytes: Uint8Array, columns: PacketColumns, row: number): void {
  columns.srcPort[row] = ABSENT
  columns.dstPort[row] = ABSENT
  columns.icmpType[row] = ABSENT
  columns.icmpCode[row] = ABSENT
  columns.tcpFlags[row] = ABSENT
  columns.tcpSeq[row] = ABSENT
  columns.tcpDataOffset[row] = 0
  columns.tcpWindow[row] = ABSENT
  columns.notes[row] = 0
  if ((span.fragment & FRAGMENT_OFFSET_MASK) !== 0) return
  const { protocol } = span
  if (protocol === PROTOCOL.tcp) decodeTcp(bytes, columns, row)
  else if (protocol === PROTOCOL.udp) decodeUdp(bytes, columns, row)
  else if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6) decodeIcmp(bytes, columns, row)
}

function decodeTcp(bytes: Uint8Array, columns: PacketColumns, row: number): void {
  const at = span.start
  const available = span.capturedEnd - at
  if (available >= 4) {
    columns.srcPort[row] = (bytes[at]! << 8) | bytes[at + 1]!
    columns.dstPort[row] = (bytes[at + 2]! << 8) | bytes[at + 3]!
  }
  if (available >= 8) columns.tcpSeq[row] = word(bytes, at + 4) >>> 0
  if (available >= 14) {
    const dataOffset = bytes[at + 12]! >> 4
    columns.tcpDataOffset[row] = dataOffset
    columns.tcpFlags[row] = ((bytes[at + 12]! & 0x0f) << 8) | bytes[at + 13]!
    if (dataOffset < 5 || at + dataOffset * 4 > span.packetEnd) columns.notes[row] = NOTE.tcpDataOffset
  }
  if (available >= 16) columns.tcpWindow[row] = (bytes[at + 14]! << 8) | bytes[at + 15]!
  if (available < TCP_FIXED_BYTES) columns.notes[row] = columns.notes[row]! | NOTE.transportCutShort
}

function decodeUdp(bytes: Uint8Array, columns: PacketColumns, row: number): void {
  const at = span.start
  const available = span.capturedEnd - at
  if (available >= 4) {
    columns.srcPort[row] = (bytes[at]! << 8) | bytes[at + 1]!
    columns.dstPort[row] = (bytes[at + 2]! << 8) | bytes[at + 3]!
  }
  if (available < UDP_FIXED_BYTES) columns.notes[row] = NOTE.transportCutShort
}

function decodeIcmp(bytes: Uint8Array, columns: PacketColumns, row: number): void {
  const at = span.start
  const available = span.capturedEnd - at
  if (available >= 1) columns.icmpType[row] = bytes[at]!
  if (available >= 2) columns.icmpCode[row] = bytes[at + 1]!
  if (available < ICMP_FIXED_BYTES) columns.notes[row] = NOTE.transportCutShort
}

/** Four bytes in network order as 32 bits, signed: typed arrays of unsigned words store the same bits. */
function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
