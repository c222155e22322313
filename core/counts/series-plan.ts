// Which stored series answer a query, and what a series' name says about a row.
import { parsePortKey } from '../headers/protocols.ts'
import { TAG_RULES } from '../tags/rules.ts'
import { portKeyOf } from '../windows/series.ts'
import { notKept } from './not-kept.ts'
import { type CountQuery, type Dimension, keyDimensions } from './query.ts'
import type { CountKey } from './row.ts'

/** Sets of dimensions that are kept together, as the series' names write them. */
const KEPT = ['', 'port', 'region', 'asn', 'tag', 'port,tag', 'region,tag']

/** How series become rows. */
export interface SeriesPlan {
  /** The row's keys, or null where the series is no part of the answer. */
  keysOf(series: string): CountKey[] | null
  /** False where a row may be the sum of several series: then unique sources cannot be answered. */
  readonly isOneSeriesARow: boolean
}

/** Plans a query whose sensors are of no interest. Throws SP_QUESTION_NOT_KEPT where no kept series answers it. */
export function planSeries(query: CountQuery): SeriesPlan {
  const { where } = query
  const dimensions = keyDimensions(query).filter((dimension) => dimension !== 'sensor')
  const needed = neededDimensions(query, dimensions)
  const tags = TAG_RULES.filter(({ bit }) => (where.tagBits & (1 << bit)) !== 0)
  if (!KEPT.includes(needed.join(','))) throw notKept(`counts by ${needed.join(' and ')} together`)
  // A packet can have several tags, and the series of two tags share packets.
  if (tags.length > 1) throw notKept('packets with any of several tags')
  if (tags.length === 1 && dimensions.includes('tag')) throw notKept('the other tags of packets with a tag')

  const ports = new Set(where.ports.map(portKeyOf))
  const admits = (values: ReadonlyMap<string, string>): boolean =>
    (tags.length === 0 || values.get('tag') === tags[0]!.id) &&
    isAmong(where.regions, values.get('region')) &&
    isAmong([...ports], values.get('port')) &&
    isAmong(where.asns.map(String), values.get('asn')) &&
    (where.protocols.length === 0 || where.protocols.includes(protocolOf(values)))
  return {
    keysOf: (series) => {
      const values = valuesOf(series)
      if ([...values.keys()].join(',') !== needed.join(',') || !admits(values)) return null
      return dimensions.map((dimension) => keyOf(dimension, values))
    },
    isOneSeriesARow: needed.every(
      (dimension) =>
        dimensions.some((by) => by === dimension) ||
        { tag: tags.length, port: ports.size, region: where.regions.length, asn: where.asns.length }[
          dimension
        ] === 1
    )
  }
}

type SeriesDimension = 'port' | 'region' | 'asn' | 'tag'

/** What a series must tell apart: dimensions of rows and of conditions; a protocol is read from the port. */
function neededDimensions({ where }: CountQuery, dimensions: readonly Dimension[]): SeriesDimension[] {
  const has = (dimension: Dimension, conditions: number): boolean =>
    dimensions.includes(dimension) || conditions > 0
  const needed: SeriesDimension[] = []
  if (has('port', where.ports.length) || has('protocol', where.protocols.length)) needed.push('port')
  if (has('region', where.regions.length)) needed.push('region')
  if (has('asn', where.asns.length)) needed.push('asn')
  if (has('tag', where.tagBits === 0 ? 0 : 1)) needed.push('tag')
  return needed
}

/** 'port=23/TCP,tag=mirai' as its parts; nothing of 'all'. */
function valuesOf(series: string): Map<string, string> {
  if (series === 'all') return new Map()
  return new Map(
    series.split(',').map((part) => {
      const at = part.indexOf('=')
      return [part.slice(0, at), part.slice(at + 1)]
    })
  )
}

function keyOf(dimension: Dimension, values: ReadonlyMap<string, string>): CountKey {
  if (dimension === 'protocol') return protocolOf(values)
  const value = values.get(dimension)!
  if (dimension === 'asn') return Number(value)
  return dimension === 'tag' && value === '' ? null : value
}

function protocolOf(values: ReadonlyMap<string, string>): number {
  return parsePortKey(values.get('port')!)!.protocol
}

function isAmong(alternatives: readonly string[], value: string | undefined): boolean {
  return alternatives.length === 0 || (value !== undefined && alternatives.includes(value))
}
