// The series that are kept live, as numbers for hot code and as names for the store.
import { ABSENT } from '../packets/packet-columns.ts'
import { packRegion, unpackRegion } from '../packets/region-code.ts'
import { parsePortKey, portKey } from '../headers/protocols.ts'
import { isTagId, TAG_BITS, tagOfBit } from '../tags/rules.ts'
import type { CellTable } from './cell-table.ts'

/** Kinds of series; in hot code a series is (kind | tag bit << 3, value). Only append. */
export const SERIES_KIND = {
  all: 0,
  port: 1,
  region: 2,
  asn: 3,
  tag: 4,
  portInTag: 5,
  regionInTag: 6
} as const

const TCP = 6
const UDP = 17

/**
 * A packet's port key in 25 bits: protocol, whether it has a destination port, and the port. Only TCP and UDP have one.
 */
export function portCode(protocol: number, dstPort: number): number {
  const hasPort = dstPort !== ABSENT && (protocol === TCP || protocol === UDP)
  return hasPort ? (protocol << 17) | dstPort : (protocol << 17) | 0x10000
}

/** The port key ('23/TCP') of a port code. */
export function portKeyOf(code: number): string {
  return portKey(code >>> 17, (code & 0x10000) !== 0 ? ABSENT : code & 0xffff)
}

/** Packets without any tag are counted as if they had this bit, so that every packet is somewhere by tag. */
const UNTAGGED_BITS = 2 ** 31

/** The tag bits that a packet is counted under: its own, or one that stands for none. */
export function countedTags(tags: number): number {
  return tags === 0 ? UNTAGGED_BITS : tags
}

/**
 * The series' name, as stored: 'all', 'port=23/TCP', 'region=JP', 'asn=4766', 'tag=mirai', 'port=23/TCP,tag=mirai'.
 * Packets without a tag are those of the empty one: 'tag='.
 */
export function seriesName(kindAndTag: number, value: number): string {
  const tag = tagOfBit(kindAndTag >>> 3) ?? ''
  switch (kindAndTag & 7) {
    case SERIES_KIND.all:
      return 'all'
    case SERIES_KIND.port:
      return `port=${portKeyOf(value)}`
    case SERIES_KIND.region:
      return `region=${unpackRegion(value)}`
    case SERIES_KIND.asn:
      return `asn=${value}`
    case SERIES_KIND.tag:
      return `tag=${tag}`
    case SERIES_KIND.portInTag:
      return `port=${portKeyOf(value)},tag=${tag}`
    default:
      return `region=${unpackRegion(value)},tag=${tag}`
  }
}

/** Which kinds of series are asked for, by kind and tag as numbers. */
export type WantedKinds = (kindAndTag: number) => boolean

/** Names that are remembered: most of what is asked for has been asked for before, and a name costs ten look-ups. */
const MOST_NAMES = 1 << 18
const namesByKind = new Map<number, Map<number, string>>()
let remembered = 0

/** The same as seriesName, from memory where it can be. */
export function rememberedName(kindAndTag: number, value: number): string {
  const names = namesOfKind(kindAndTag)
  let name = names.get(value)
  if (name === undefined) {
    name = seriesName(kindAndTag, value)
    names.set(value, name)
    remembered += 1
  }
  return name
}

function namesOfKind(kindAndTag: number): Map<number, string> {
  if (remembered >= MOST_NAMES) {
    namesByKind.clear()
    remembered = 0
  }
  let names = namesByKind.get(kindAndTag)
  if (names === undefined) {
    names = new Map()
    namesByKind.set(kindAndTag, names)
  }
  return names
}

/** Packets by the names of series: those of a table of (kind and tag, value, 0). */
export function namedSeries(series: CellTable): Map<string, number> {
  const named = new Map<string, number>()
  series.forEach((kindAndTag, value, _unused, packets) => {
    named.set(rememberedName(kindAndTag, value), packets)
  })
  return named
}

/** The kinds of these series, by their names. */
export function kindsOf(series: Iterable<string>): WantedKinds {
  const byShape = new Map<string, number>()
  for (const name of series) {
    const tagAt = name.indexOf('tag=')
    const shape = name.slice(0, name.indexOf('=')) + (tagAt < 0 ? '' : name.slice(tagAt))
    if (!byShape.has(shape)) byShape.set(shape, parseSeries(name)?.kindAndTag ?? -1)
  }
  const kinds = new Set(byShape.values())
  return (kindAndTag) => kinds.has(kindAndTag)
}

/** A series as numbers. */
export interface SeriesNumbers {
  readonly kindAndTag: number
  readonly value: number
}

const KIND_BY_DIMENSIONS: Readonly<Record<string, number>> = {
  port: SERIES_KIND.port,
  region: SERIES_KIND.region,
  asn: SERIES_KIND.asn,
  tag: SERIES_KIND.tag,
  'port,tag': SERIES_KIND.portInTag,
  'region,tag': SERIES_KIND.regionInTag
}

/** The inverse of seriesName; null where no store has such a series, or its tag is not known here. */
export function parseSeries(name: string): SeriesNumbers | null {
  if (name === 'all') return { kindAndTag: SERIES_KIND.all, value: 0 }
  const parts = name.split(',').map((part) => part.split('=') as [string, string | undefined])
  const kind = KIND_BY_DIMENSIONS[parts.map(([dimension]) => dimension).join(',')]
  if (kind === undefined || parts.some(([, key]) => key === undefined)) return null
  const tag = parts.find(([dimension]) => dimension === 'tag')?.[1]
  const bit = tag === undefined ? 0 : bitOf(tag)
  const value = parts[0]![0] === 'tag' ? 0 : valueOfKey(parts[0]![0], parts[0]![1]!)
  if (bit === null || value === null) return null
  const numbers = { kindAndTag: kind | (bit << 3), value }
  return seriesName(numbers.kindAndTag, numbers.value) === name ? numbers : null
}

/** The bit of a tag, or that of packets without any; null where it is not known. */
function bitOf(tag: string): number | null {
  if (tag === '') return 31
  return isTagId(tag) ? 31 - Math.clz32(TAG_BITS[tag]) : null
}

function valueOfKey(dimension: string, key: string): number | null {
  if (dimension === 'port') {
    const port = parsePortKey(key)
    return port === null ? null : portCode(port.protocol, port.port)
  }
  if (dimension === 'region') return /^[A-Z]{2}$/.test(key) ? packRegion(key) : null
  return /^\d{1,10}$/.test(key) && Number(key) <= 0xffff_ffff ? Number(key) : null
}
