// Checks what sensors.yaml says, as plain values; where a value lies in the file is the caller's to tell.
import { parseCalendarDay } from '../windows/calendar-day.ts'
import { type Prefix, parsePrefix, prefixContains } from '../headers/prefix.ts'
import type { PublicAddressMap } from '../tags/aimed-at.ts'
import type { Sensor } from './sensor-list.ts'

/** The first thing that is wrong: which value (keys and indexes from the top), why, and what to do. */
export interface SensorsMistake {
  readonly path: readonly (string | number)[]
  readonly why: string
  readonly advice: string
}

/** Sensors that can be used, or the first thing that is wrong. */
export type CheckedSensors =
  | { readonly kind: 'valid'; readonly sensors: readonly Sensor[]; readonly synthetic: string | null }
  | ({ readonly kind: 'invalid' } & SensorsMistake)

type Path = readonly (string | number)[]

const SENSOR_KEYS = ['id', 'name', 'partner', 'country', 'dark-space', 'public-addresses', 'active']
const SENSOR_ID = /^[A-Za-z0-9._-]{1,64}$/

/** Thrown and caught in this file only: the checks are nested, and the first mistake ends them all. */
class Mistake extends Error {
  readonly mistake: SensorsMistake

  constructor(path: Path, why: string, advice: string) {
    super(why)
    this.mistake = { path, why, advice }
  }
}

/** Checks the parsed file: `{ sensors: [ ... ] }`, each with id, country and dark-space; `synthetic` names a scenario. */
export function checkSensors(file: unknown): CheckedSensors {
  try {
    const { sensors: list, synthetic } = mapping(file, [], ['sensors', 'synthetic'])
    const sensors = sequence(list, ['sensors'], 'sensor').map((entry, i) => sensorOf(entry, ['sensors', i]))
    checkIdsDiffer(sensors)
    const scenario = synthetic === undefined ? null : text(synthetic, ['synthetic'])
    return { kind: 'valid', sensors, synthetic: scenario }
  } catch (error) {
    if (error instanceof Mistake) return { kind: 'invalid', ...error.mistake }
    throw error
  }
}

function sensorOf(entry: unknown, path: Path): Sensor {
  const given = mapping(entry, path, SENSOR_KEYS)
  const id = text(given.id, [...path, 'id'])
  if (!SENSOR_ID.test(id)) {
    throw new Mistake([...path, 'id'], `${quote(id)} is no sensor id`, 'use 1 to 64 of A-Z a-z 0-9 . _ -')
  }
  return {
    id,
    name: given.name === undefined ? id : text(given.name, [...path, 'name']),
    partner: given.partner === undefined ? '' : text(given.partner, [...path, 'partner']),
    country: countryOf(given.country, [...path, 'country']),
    darkSpace: darkSpaceOf(given['dark-space'], [...path, 'dark-space']),
    publicAddresses: publicAddressesOf(given['public-addresses'], [...path, 'public-addresses']),
    ...activeOf(given.active, [...path, 'active'])
  }
}

function countryOf(value: unknown, path: Path): string {
  const country = text(value, path)
  if (/^[A-Z]{2}$/.test(country) && country !== 'UK' && country !== 'ZZ') return country
  const advice = country === 'UK' ? 'write GB' : 'write two capital letters such as JP'
  throw new Mistake(path, `${quote(country)} is no ISO 3166-1 alpha-2 country code`, advice)
}

function darkSpaceOf(value: unknown, path: Path): string[] {
  const prefixes: Prefix[] = []
  return sequence(value, path, 'prefix').map((entry, i) => {
    const written = text(entry, [...path, i])
    const prefix = prefixOf(written, [...path, i])
    if (prefixes.some((other) => overlap(prefix, other))) {
      const why = `${written} overlaps a prefix before it`
      throw new Mistake([...path, i], why, 'name each dark address once')
    }
    prefixes.push(prefix)
    return written
  })
}

function publicAddressesOf(value: unknown, path: Path): PublicAddressMap {
  if (value === undefined) return []
  const seen: Prefix[] = []
  return Object.entries(mapping(value, path, null)).map(([inside, outside]) => {
    const at = [...path, inside]
    const from = prefixOf(inside, at)
    const written = text(outside, at)
    const to = prefixOf(written, at)
    if (from.version !== 4 || to.version !== 4) {
      throw new Mistake(at, `${inside}: ${written} is not IPv4`, 'leave it out; only IPv4 rules need the map')
    }
    if (to.lengthBits !== from.lengthBits && to.lengthBits !== 32) {
      const why = `${inside}: ${written} are prefixes of different lengths`
      throw new Mistake(at, why, 'map to a prefix of the same length, or to one address')
    }
    if (seen.some((other) => other.lengthBits === from.lengthBits && overlap(from, other))) {
      throw new Mistake(at, `${inside} is mapped twice`, 'keep one of the two')
    }
    seen.push(from)
    return { inside, public: written }
  })
}

/** Both days belong to the time: `to: 2025-03-31` ends with that day, in UTC. */
function activeOf(
  value: unknown,
  path: Path
): { activeFromSeconds: number | null; activeUntilSeconds: number | null } {
  const given = value === undefined ? {} : mapping(value, path, ['from', 'to'])
  const from = given.from === undefined ? null : daySeconds(given.from, [...path, 'from'])
  const last = given.to === undefined ? null : daySeconds(given.to, [...path, 'to'])
  if (from !== null && last !== null && last < from) {
    throw new Mistake([...path, 'to'], 'the last day is before the first', 'exchange from and to')
  }
  return { activeFromSeconds: from, activeUntilSeconds: last === null ? null : last + 86_400 }
}

function daySeconds(value: unknown, path: Path): number {
  const day = text(value, path)
  const found = parseCalendarDay(day)
  if (found !== null) return found * 86_400
  throw new Mistake(path, `${quote(day)} is no day`, 'write a date such as 2024-04-01')
}

function checkIdsDiffer(sensors: readonly Sensor[]): void {
  const seen = new Set<string>()
  for (const [i, { id }] of sensors.entries()) {
    if (seen.has(id)) {
      throw new Mistake(['sensors', i, 'id'], `${quote(id)} is declared twice`, 'give each sensor its own id')
    }
    seen.add(id)
  }
}

function prefixOf(written: string, path: Path): Prefix {
  const prefix = parsePrefix(written)
  if (prefix !== null) return prefix
  const advice = 'write ADDRESS/LENGTH with no bit set past the length, such as 203.0.113.0/24'
  throw new Mistake(path, `${quote(written)} is no prefix`, advice)
}

function overlap(a: Prefix, b: Prefix): boolean {
  return a.lengthBits < b.lengthBits
    ? prefixContains(a, b.version, b.words)
    : prefixContains(b, a.version, a.words)
}

/** A mapping with no keys but `known` (null: any). */
function mapping(value: unknown, path: Path, known: readonly string[] | null): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const keys = known === null ? 'INSIDE: PUBLIC lines' : `the keys ${known.join(', ')}`
    throw new Mistake(path, `${what(value)} is here instead of a mapping`, `write ${keys}`)
  }
  const unknown = Object.keys(value).find((key) => known !== null && !known.includes(key))
  if (unknown !== undefined) {
    const advice = `known here: ${known?.join(', ')}`
    throw new Mistake([...path, unknown], `the key ${quote(unknown)} is unknown`, advice)
  }
  return value as Record<string, unknown>
}

function sequence(value: unknown, path: Path, item: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value as unknown[]
  const why = Array.isArray(value)
    ? `the list of ${path.at(-1)} is empty`
    : `${what(value)} is here instead of a list`
  throw new Mistake(path, why, `write ${path.at(-1)}: and below it one line "- " for each ${item}`)
}

function text(value: unknown, path: Path): string {
  if (typeof value === 'string' && value !== '') return value
  const advice =
    value === undefined ? `add ${path.at(-1)}` : 'write text, in quotes where it looks like a number'
  throw new Mistake(path, `${what(value)} is here instead of ${path.at(-1)}`, advice)
}

function what(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} ${JSON.stringify(value)}`
}

/** Short enough for one line, whatever was written. */
function quote(written: string): string {
  return JSON.stringify(written.length > 80 ? `${written.slice(0, 80)}...` : written)
}
