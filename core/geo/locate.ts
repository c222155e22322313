// Region and AS number of every packet's source, by column.
import type { Provenance } from '../batch/enriched-batch.ts'
import type { PacketColumns } from '../packets/packet-columns.ts'
import type { FlatTable } from './flat-table.ts'
import { UNKNOWN } from './layout.ts'

/** The tables that sources are looked up in; null where there is no database. */
export interface GeoTables {
  readonly region: FlatTable | null
  readonly asn: FlatTable | null
  /** File name and build date of each database, for every batch. */
  readonly provenance: Provenance['geo']
}

/** Fills columns.region and columns.asn (ZZ and 0 where unknown) for all rows. Allocates nothing. */
export function locateColumns(columns: PacketColumns, tables: GeoTables): void {
  fillColumn(columns, tables.region, columns.region, UNKNOWN.region)
  fillColumn(columns, tables.asn, columns.asn, UNKNOWN.asn)
}

function fillColumn(
  columns: PacketColumns,
  table: FlatTable | null,
  column: Uint16Array | Uint32Array,
  unknown: number
): void {
  const { length, ipVersion, src } = columns
  if (table === null) {
    column.fill(unknown, 0, length)
    return
  }
  for (let row = 0; row < length; row++) {
    column[row] = ipVersion[row] === 4 ? table.lookup4(src[row * 4]!) : table.lookup6(src, row * 4)
  }
}
