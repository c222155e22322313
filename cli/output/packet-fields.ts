// The fields of `tag`'s records, and their values as CSV and tables show them.
import { formatDestination, formatSource } from '../../core/headers/address.ts'
import { ABSENT, type PacketColumns } from '../../core/packets/packet-columns.ts'
import { unpackRegion } from '../../core/packets/region-code.ts'
import { tagIds } from '../../core/tags/rules.ts'
import type { Value } from './text.ts'

/** Names of the fields, in their order. */
export const PACKET_FIELDS = [
  'file',
  'frame',
  'timestamp',
  'src',
  'dst',
  'protocol',
  'src_port',
  'dst_port',
  'icmp_type',
  'icmp_code',
  'tcp_flags',
  'tcp_seq',
  'ip_id',
  'ttl',
  'ip_length',
  'tags',
  'region',
  'asn',
  'rejected'
] as const

/** A packet's values in the order of PACKET_FIELDS; tags with spaces between. */
export function packetValues(file: string | null, columns: PacketColumns, row: number): Value[] {
  return [
    file,
    columns.frame[row]!,
    timestamp(columns.seconds[row]!, columns.nanoseconds[row]!),
    formatSource(columns, row),
    formatDestination(columns, row),
    columns.protocol[row]!,
    optional(columns.srcPort[row]!),
    optional(columns.dstPort[row]!),
    optional(columns.icmpType[row]!),
    optional(columns.icmpCode[row]!),
    optional(columns.tcpFlags[row]!),
    optional(columns.tcpSeq[row]!),
    optional(columns.ipId[row]!),
    columns.ttl[row]!,
    columns.ipLength[row]!,
    tagText(columns.tags[row]!),
    unpackRegion(columns.region[row]!),
    columns.asn[row]!,
    null
  ]
}

const tagTexts = new Map<number, string>()

/** The tags with spaces between; made once for each combination. */
function tagText(tags: number): string {
  const known = tagTexts.get(tags)
  if (known !== undefined) return known
  const text = tagIds(tags).join(' ')
  tagTexts.set(tags, text)
  return text
}

/** The values of a frame that is no packet. */
export function rejectedValues(file: string | null, frame: number, reason: string): Value[] {
  return PACKET_FIELDS.map((field) => {
    if (field === 'file') return file
    if (field === 'frame') return frame
    return field === 'rejected' ? reason : null
  })
}

/** ISO 8601 in UTC with nanoseconds. */
function timestamp(seconds: number, nanoseconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 20)}${String(nanoseconds).padStart(9, '0')}Z`
}

function optional(value: number): number | null {
  return value === ABSENT ? null : value
}
