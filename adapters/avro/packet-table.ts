// Which Avro column is which column of PacketColumns, and what each may hold.
import { ABSENT, type PacketColumns } from '../../core/packets/packet-columns.ts'

/** A typed array of PacketColumns. */
export type NumberColumn = Float64Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Uint8Array

/** One column of numbers. A value outside least..most makes the whole batch unreadable, since readers index by it. */
export interface ColumnRule {
  readonly field: string
  readonly of: (columns: PacketColumns) => NumberColumn
  readonly least: number
  readonly most: number
  /** What a batch written before the column was in the schema holds in it. */
  readonly missing: number
}

/** The largest number of 32 bits. */
export const UINT_32 = 2 ** 32 - 1

function rule(
  field: string,
  of: ColumnRule['of'],
  most: number,
  { least = 0, missing = least }: { least?: number; missing?: number } = {}
): ColumnRule {
  return { field, of, least, most, missing }
}

/** Every column but the time in seconds, the addresses and the region, in the schema's order. */
export const COLUMN_RULES: readonly ColumnRule[] = [
  rule('frame', (c) => c.frame, Number.MAX_SAFE_INTEGER),
  rule('timestamp_nanoseconds', (c) => c.nanoseconds, 999_999_999),
  rule('protocol', (c) => c.protocol, 255),
  rule('src_port', (c) => c.srcPort, 65_535, { least: ABSENT }),
  rule('dst_port', (c) => c.dstPort, 65_535, { least: ABSENT }),
  rule('icmp_type', (c) => c.icmpType, 255, { least: ABSENT }),
  rule('icmp_code', (c) => c.icmpCode, 255, { least: ABSENT }),
  rule('tcp_flags', (c) => c.tcpFlags, 4095, { least: ABSENT }),
  rule('tcp_seq', (c) => c.tcpSeq, UINT_32, { least: ABSENT }),
  rule('ip_id', (c) => c.ipId, 65_535, { least: ABSENT }),
  rule('ttl', (c) => c.ttl, 255),
  rule('ip_length', (c) => c.ipLength, UINT_32),
  rule('notes', (c) => c.notes, 255),
  rule('tags', (c) => c.tags, UINT_32),
  rule('asn', (c) => c.asn, UINT_32)
]

/** The columns that counts do not need: whoever only counts passes over them. */
export const UNCOUNTED_FIELDS: readonly string[] = [
  'frame',
  'timestamp_nanoseconds',
  'dst',
  'src_port',
  'icmp_type',
  'icmp_code',
  'tcp_flags',
  'tcp_seq',
  'ip_id',
  'ttl',
  'ip_length',
  'notes'
]

/**
 * Copies a column that was read, or what it was before it existed. False where a value is out of its range.
 * The loop sees one kind of array only and `set` converts: a loop over the seven kinds of target takes ten times as
 * long.
 */
export function copyColumn(
  { least, most, missing }: ColumnRule,
  source: Float64Array,
  target: NumberColumn,
  length: number
): boolean {
  if (source.length === 0) {
    target.fill(missing, 0, length)
    return true
  }
  for (let row = 0; row < length; row++) {
    const value = source[row]!
    // Written so that NaN is out of range.
    if (!(value >= least && value <= most)) return false
  }
  target.set(source)
  return true
}
