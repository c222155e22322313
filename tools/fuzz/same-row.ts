// Whether two rows hold the same packet.
import type { PacketColumns } from '../../core/packets/packet-columns.ts'

/** The first header column in which row i of `a` and row j of `b` differ, or null. */
export function differingColumn(a: PacketColumns, i: number, b: PacketColumns, j: number): string | null {
  if (a.ipVersion[i] !== b.ipVersion[j]) return 'ipVersion'
  if (a.protocol[i] !== b.protocol[j]) return 'protocol'
  if (a.srcPort[i] !== b.srcPort[j]) return 'srcPort'
  if (a.dstPort[i] !== b.dstPort[j]) return 'dstPort'
  if (a.icmpType[i] !== b.icmpType[j]) return 'icmpType'
  if (a.icmpCode[i] !== b.icmpCode[j]) return 'icmpCode'
  if (a.tcpFlags[i] !== b.tcpFlags[j]) return 'tcpFlags'
  if (a.tcpSeq[i] !== b.tcpSeq[j]) return 'tcpSeq'
  if (a.tcpDataOffset[i] !== b.tcpDataOffset[j]) return 'tcpDataOffset'
  if (a.tcpWindow[i] !== b.tcpWindow[j]) return 'tcpWindow'
  if (a.ipId[i] !== b.ipId[j]) return 'ipId'
  if (a.fragment[i] !== b.fragment[j]) return 'fragment'
  if (a.ttl[i] !== b.ttl[j]) return 'ttl'
  if (a.ipLength[i] !== b.ipLength[j]) return 'ipLength'
  if (a.notes[i] !== b.notes[j]) return 'notes'
  for (let word = 0; word < 4; word++) {
    if (a.src[i * 4 + word] !== b.src[j * 4 + word]) return 'src'
    if (a.dst[i * 4 + word] !== b.dst[j * 4 + word]) return 'dst'
  }
  return null
}
