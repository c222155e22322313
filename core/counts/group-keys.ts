// How a packet's dimensions are packed into the first three keys of a group, and unpacked for rows. The fourth key
// is its slice.
import type { PacketColumns } from '../packets/packet-columns.ts'
import { unpackRegion } from '../packets/region-code.ts'
import { tagOfBit } from '../tags/rules.ts'
import { portCode, portKeyOf } from '../windows/series.ts'
import type { GroupTable } from './group-table.ts'
import { type CountQuery, type Dimension, keyDimensions } from './query.ts'
import type { CountKey } from './row.ts'
import type { Place } from './slices.ts'

/** Place of the tag in the first key, above the 25 bits of a port code; 0 is no tag, else bit + 1. */
export const TAG_SHIFT = 25

/** Packs the dimensions that a query groups by; the others are 0. */
export class GroupKeys {
  readonly isByTag: boolean
  readonly #dimensions: readonly Dimension[]
  readonly #isByPort: boolean
  readonly #isByProtocol: boolean
  readonly #isByAsn: boolean
  readonly #isByRegion: boolean
  /** Texts that were made: many groups share one. */
  readonly #ports = new Map<number, string>()
  readonly #regions = new Map<number, string>()

  constructor(query: CountQuery) {
    this.isByTag = query.by.includes('tag')
    this.#dimensions = keyDimensions(query)
    this.#isByPort = query.by.includes('port')
    this.#isByProtocol = query.by.includes('protocol')
    this.#isByAsn = query.by.includes('asn')
    this.#isByRegion = query.by.includes('region')
  }

  /** Port code and protocol, without a tag. */
  first(columns: PacketColumns, row: number): number {
    if (this.#isByPort) return portCode(columns.protocol[row]!, columns.dstPort[row]!)
    return this.#isByProtocol ? columns.protocol[row]! << 17 : 0
  }

  second(columns: PacketColumns, row: number): number {
    return this.#isByAsn ? columns.asn[row]! : 0
  }

  third(columns: PacketColumns, row: number): number {
    return this.#isByRegion ? columns.region[row]! : 0
  }

  /** The row's values of a group seen at a place. */
  values(table: GroupTable, group: number, place: Place): CountKey[] {
    const first = table.key(group, 0)
    return this.#dimensions.map((dimension): CountKey => {
      switch (dimension) {
        case 'port':
          return made(this.#ports, first & 0x1ffffff, portKeyOf)
        case 'protocol':
          return (first >>> 17) & 0xff
        case 'tag':
          return tagOfBit((first >>> TAG_SHIFT) - 1)
        case 'asn':
          return table.key(group, 1)
        case 'region':
          return made(this.#regions, table.key(group, 2), unpackRegion)
        case 'sensor':
          return place.sensor
        case 'vantage':
          return place.vantage
        default:
          return dimension satisfies never
      }
    })
  }
}

function made(texts: Map<number, string>, code: number, make: (code: number) => string): string {
  let text = texts.get(code)
  if (text === undefined) {
    text = make(code)
    texts.set(code, text)
  }
  return text
}
