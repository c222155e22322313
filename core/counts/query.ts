// A question about counts: the same for captures and for the live store.
import type { WindowSize } from '../windows/window.ts'

/** What packets can be grouped by. */
export type Dimension = 'port' | 'region' | 'asn' | 'tag' | 'sensor' | 'vantage' | 'protocol'

/** Every dimension there is, in the order in which errors list them. */
export const DIMENSIONS: readonly Dimension[] = [
  'port',
  'region',
  'asn',
  'tag',
  'sensor',
  'vantage',
  'protocol'
]

/** A rolling window's length: its name in rows ('5m') and its seconds, a multiple of 60. */
export interface RollingSpan {
  readonly label: string
  readonly seconds: number
}

/**
 * How time is cut. `all` is one window over everything asked for. A rolling window of span S is [T - S, T), where T is
 * the end of the minute that holds the newest packet asked for (whatever the conditions), or `to` rounded up to a
 * whole minute: so minutes, which the live store keeps, answer it exactly as packets do.
 */
export type CountWindow =
  | { readonly kind: 'fixed'; readonly size: WindowSize }
  | { readonly kind: 'all' }
  | { readonly kind: 'rolling'; readonly spans: readonly RollingSpan[] }

/** Which packets are counted: any of the values of a list, all of the lists; an empty list asks nothing. */
export interface Conditions {
  /** Bits of the tag table: a packet with any of them. */
  readonly tagBits: number
  /** ISO 3166-1 alpha-2. */
  readonly regions: readonly string[]
  readonly vantages: readonly string[]
  /** Port codes (see portCode). */
  readonly ports: readonly number[]
  readonly asns: readonly number[]
  readonly sensors: readonly string[]
  /** IANA protocol numbers. */
  readonly protocols: readonly number[]
}

/** Every packet counts. */
export const NO_CONDITIONS: Conditions = {
  tagBits: 0,
  regions: [],
  vantages: [],
  ports: [],
  asns: [],
  sensors: [],
  protocols: []
}

/** One question: which packets, over which windows, grouped by what. */
export interface CountQuery {
  /** One field a dimension, in this order. `vantage` is in every row as it is. */
  readonly by: readonly Dimension[]
  readonly window: CountWindow
  /** The time zone of days, as resolveTimeZone names it. */
  readonly zone: string
  /** Packets with fromSeconds <= time < toSeconds; null is no bound. */
  readonly fromSeconds: number | null
  readonly toSeconds: number | null
  readonly where: Conditions
  /** Also count unique source addresses. */
  readonly hasSources: boolean
}

/** The vantages whose rows are asked for; null for each that a packet's sensor belongs to. */
export function vantagesAsked(query: CountQuery): readonly string[] | null {
  if (query.where.vantages.length > 0) return query.where.vantages
  return query.by.includes('vantage') ? null : ['all']
}

/** The dimensions that are fields of their own in rows. */
export function keyDimensions(query: CountQuery): readonly Dimension[] {
  return query.by.filter((dimension) => dimension !== 'vantage')
}

/** The end of rolling windows: a whole minute. `newestSeconds` is the newest packet's time. */
export function rollingEndSeconds(query: CountQuery, newestSeconds: number): number {
  if (query.toSeconds !== null) return Math.ceil(query.toSeconds / 60) * 60
  return (Math.floor(newestSeconds / 60) + 1) * 60
}
