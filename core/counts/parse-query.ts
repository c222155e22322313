// Questions as people write them: lists with commas, ISO 8601 times, key=value conditions.
import { StormpetrelError } from '../errors.ts'
import { parsePortKey } from '../headers/protocols.ts'
import { TAG_RULES } from '../tags/rules.ts'
import { instantOfLocalSeconds, resolveTimeZone } from '../windows/time-zone.ts'
import { portCode } from '../windows/series.ts'
import { type Conditions, type CountWindow, DIMENSIONS, type Dimension, type RollingSpan } from './query.ts'

const SPAN_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 }

/** The rolling windows that are asked for where none are named. */
export const DEFAULT_SPANS = '5m,1h,24h'

/** Keys of conditions. */
export const CONDITION_KEYS = ['tag', 'region', 'vantage', 'port', 'asn', 'sensor', 'protocol'] as const

function usage(message: string): StormpetrelError {
  return new StormpetrelError('SP_USAGE', message)
}

/** 'port,region' as dimensions. Throws SP_USAGE. */
export function parseDimensions(text: string): Dimension[] {
  const dimensions = items(text).map((item): Dimension => {
    const dimension = DIMENSIONS.find((name) => name === item)
    if (dimension === undefined) throw usage(`--by: '${item}' is none of ${DIMENSIONS.join(', ')}`)
    return dimension
  })
  return [...new Set(dimensions)]
}

/** 'hour' or 'minute,day,rolling' as windows; `spans` are the rolling ones. Throws SP_USAGE. */
export function parseWindows(text: string, spans: readonly RollingSpan[]): CountWindow[] {
  const names = [...new Set(items(text))]
  if (names.length === 0) throw usage('--window: name one of minute, hour, day, all, rolling')
  return names.map((item): CountWindow => {
    switch (item) {
      case 'minute':
      case 'hour':
      case 'day':
        return { kind: 'fixed', size: item }
      case 'all':
        return { kind: 'all' }
      case 'rolling':
        return { kind: 'rolling', spans }
      default:
        throw usage(`--window: '${item}' is none of minute, hour, day, all, rolling`)
    }
  })
}

/** '5m,1h,24h' as spans of whole minutes, at most 366 days. Throws SP_USAGE. */
export function parseSpans(text: string): RollingSpan[] {
  const labels = [...new Set(items(text))]
  if (labels.length === 0) throw usage(`--last: name spans such as ${DEFAULT_SPANS}`)
  return labels.map((label) => {
    const match = /^([1-9]\d{0,5})([mhd])$/.exec(label)
    const seconds = match === null ? 0 : Number(match[1]) * SPAN_SECONDS[match[2]!]!
    if (seconds === 0 || seconds > 366 * 86_400) {
      throw usage(`--last: '${label}' is no span of minutes, hours or days up to 366d, such as 5m, 1h, 24h`)
    }
    return { label, seconds }
  })
}

/** An IANA time zone. Throws SP_USAGE. */
export function parseZone(text: string): string {
  const zone = resolveTimeZone(text)
  if (zone === null) throw usage(`--tz: '${text}' is no IANA time zone such as UTC or Asia/Tokyo`)
  return zone
}

/**
 * An ISO 8601 date or time to the second, `2022-05-11`, `2022-05-11T09:00`, `2022-05-11T09:00:00Z` or with an offset;
 * without one it is local time of `zone`. `option` is named in the error (SP_USAGE).
 */
export function parseInstant(text: string, zone: string, option: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  const local =
    match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? ':00'}Z`)
  // Date.parse takes 31 February for 3 March.
  const isReal = !Number.isNaN(local) && new Date(local).toISOString().startsWith(match![1]!)
  if (!isReal) {
    throw usage(
      `${option}: '${text}' is no ISO 8601 time to the second, such as 2022-05-11 or 2022-05-11T09:00:00Z`
    )
  }
  const offset = match![4]
  if (offset === undefined) return instantOfLocalSeconds(zone, local / 1000)
  if (offset !== 'Z' && !/^[+-](?:[01]\d|2[0-3]):[0-5]\d$/.test(offset)) {
    throw usage(`${option}: '${text}' has no offset of hours up to 23 and minutes up to 59, such as +09:00`)
  }
  return local / 1000 - offsetSeconds(offset)
}

/**
 * 'tag=mirai,region=JP,region=KR' as conditions: values of one key are alternatives, keys must all hold. Throws
 * SP_USAGE.
 */
export function parseConditions(texts: readonly string[]): Conditions {
  const values = new Map<string, string[]>()
  for (const item of texts.flatMap(items)) {
    const at = item.indexOf('=')
    const key = item.slice(0, at)
    if (at < 1 || at === item.length - 1 || !CONDITION_KEYS.some((name) => name === key)) {
      throw usage(
        `--where: '${item}' is no condition such as tag=mirai; keys are ${CONDITION_KEYS.join(', ')}`
      )
    }
    values.set(key, [...(values.get(key) ?? []), item.slice(at + 1)])
  }
  const of = (key: (typeof CONDITION_KEYS)[number]): readonly string[] => values.get(key) ?? []
  return {
    tagBits: of('tag').reduce((bits, id) => (bits | (1 << tagBit(id))) >>> 0, 0),
    regions: of('region').map(region),
    vantages: of('vantage'),
    ports: of('port').flatMap(portCodes),
    asns: of('asn').map(asn),
    sensors: of('sensor'),
    protocols: of('protocol').map(protocol)
  }
}

function items(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function offsetSeconds(offset: string): number {
  if (offset === 'Z') return 0
  const size = Number(offset.slice(1, 3)) * 3600 + Number(offset.slice(4, 6)) * 60
  return offset.startsWith('-') ? -size : size
}

function tagBit(id: string): number {
  const rule = TAG_RULES.find((rule) => rule.id === id)
  if (rule === undefined) {
    throw usage(`--where: '${id}' is no tag; tags are ${TAG_RULES.map(({ id }) => id).join(', ')}`)
  }
  return rule.bit
}

function region(code: string): string {
  if (!/^[A-Za-z]{2}$/.test(code)) throw usage(`--where: '${code}' is no region of two letters such as JP`)
  return code.toUpperCase()
}

/** '23/TCP', 'ICMP' ..., or a bare '23' for TCP and UDP. */
function portCodes(text: string): number[] {
  const bare = /^\d{1,5}$/.test(text) ? [`${text}/TCP`, `${text}/UDP`] : [text]
  return bare.map((key) => {
    const parsed = parsePortKey(key)
    if (parsed === null)
      throw usage(`--where: '${text}' is no port such as 23/TCP, 53/UDP, 23, ICMP or 47/IP`)
    return portCode(parsed.protocol, parsed.port)
  })
}

function asn(text: string): number {
  const digits = /^(?:AS)?(\d{1,10})$/i.exec(text)
  const number = digits === null ? Number.NaN : Number(digits[1])
  if (!(number < 2 ** 32)) throw usage(`--where: '${text}' is no AS number such as 4766`)
  return number
}

/** An IANA number, or TCP, UDP, ICMP, ICMPv6. */
function protocol(text: string): number {
  const named = text.includes('/') ? null : parsePortKey(text)
  const number = named?.protocol ?? (/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN)
  if (!(number < 256))
    throw usage(`--where: '${text}' is no protocol: a number below 256, TCP, UDP, ICMP or ICMPv6`)
  return number
}
