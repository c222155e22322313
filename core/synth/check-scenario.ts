// Checks what a scenario file says, as plain values; where a value lies in the file is the caller's to tell.
import { parsePortKey } from '../headers/protocols.ts'
import { parsePrefix } from '../headers/prefix.ts'
import { parseCalendarDay } from '../windows/calendar-day.ts'
import { resolveTimeZone } from '../windows/time-zone.ts'
import type { Curve, Swing } from './curve.ts'
import {
  type Flow,
  type FlowRegion,
  type Scenario,
  type ScenarioSensor,
  type Tool,
  TOOLS
} from './scenario.ts'

/** A scenario that can be played, or the first thing that is wrong: where, why, and what to do. */
export type CheckedScenario =
  | { readonly kind: 'valid'; readonly scenario: Scenario }
  | {
      readonly kind: 'invalid'
      readonly path: readonly (string | number)[]
      readonly why: string
      readonly advice: string
    }

type Path = readonly (string | number)[]

/** Thrown and caught in this file only. */
class Mistake extends Error {
  readonly path: Path
  readonly advice: string

  constructor(path: Path, why: string, advice: string) {
    super(why)
    this.path = path
    this.advice = advice
  }
}

/** As sensors.yaml has them; its captures go to a folder of this name. */
const SENSOR_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const SCENARIO_KEYS = ['name', 'about', 'from', 'to', 'time-zone', 'reference', 'sensors', 'flows']
const SENSOR_KEYS = [
  'id',
  'name',
  'partner',
  'country',
  'dark-space',
  'active-from',
  'down',
  'clock-ahead-seconds'
]
const FLOW_KEYS = [
  'name',
  'tool',
  'packets',
  'ports',
  'regions',
  'space',
  'tail',
  'heavy',
  'life-days',
  'day-swing',
  'elsewhere',
  'curve',
  'swing'
]
const REGION_KEYS = ['weight', 'tail', 'heavy', 'curve', 'swing']

/** Checks the parsed file. */
export function checkScenario(file: unknown): CheckedScenario {
  try {
    return { kind: 'valid', scenario: scenarioOf(file) }
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    return { kind: 'invalid', path: error.path, why: error.message, advice: error.advice }
  }
}

function scenarioOf(file: unknown): Scenario {
  const given = mapping(file, [], SCENARIO_KEYS)
  const name = text(given.name, ['name'])
  if (!/^[a-z0-9-]{1,40}$/.test(name)) throw new Mistake(['name'], 'it is no name', 'use a-z, 0-9 and -')
  const zone = resolveTimeZone(text(given['time-zone'], ['time-zone']))
  if (zone === null) throw new Mistake(['time-zone'], 'it is no IANA time zone', 'write such as Asia/Tokyo')
  const [fromDay, toDay] = span(given, [])
  const reference = span(mapping(given.reference, ['reference'], ['from', 'to']), ['reference'])
  const sensors = list(given.sensors, ['sensors']).map((each, i) => sensorOf(each, ['sensors', i]))
  const flows = list(given.flows, ['flows']).map((each, i) => flowOf(each, ['flows', i]))
  refuseRepeats(
    sensors.map(({ id }) => id),
    ['sensors'],
    'id'
  )
  refuseRepeats(
    flows.map((flow) => flow.name),
    ['flows'],
    'name'
  )
  return { name, fromDay, toDay, zone, reference, sensors, flows }
}

/** Two of one name would be one folder, or draw the same sources. */
function refuseRepeats(names: readonly string[], path: Path, field: string): void {
  const second = names.findIndex((name, i) => names.indexOf(name) < i)
  if (second >= 0)
    throw new Mistake([...path, second, field], `${names[second]} is there twice`, 'give each its own')
}

function sensorOf(value: unknown, path: Path): ScenarioSensor {
  const given = mapping(value, path, SENSOR_KEYS)
  const id = text(given.id, [...path, 'id'])
  if (!SENSOR_ID.test(id))
    throw new Mistake(
      [...path, 'id'],
      `${id} is no sensor id`,
      'use 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first'
    )
  const darkSpace = list(given['dark-space'], [...path, 'dark-space']).map((each, i) => {
    const written = text(each, [...path, 'dark-space', i])
    if (parsePrefix(written)?.version !== 4)
      throw new Mistake(
        [...path, 'dark-space', i],
        `${written} is no IPv4 prefix`,
        'write such as 198.18.0.0/24'
      )
    return written
  })
  const down =
    given.down === undefined
      ? null
      : span(mapping(given.down, [...path, 'down'], ['from', 'to']), [...path, 'down'])
  return {
    id,
    name: given.name === undefined ? id : text(given.name, [...path, 'name']),
    partner: given.partner === undefined ? '' : text(given.partner, [...path, 'partner']),
    country: country(given.country, [...path, 'country']),
    darkSpace,
    activeFromDay:
      given['active-from'] === undefined ? null : day(given['active-from'], [...path, 'active-from']),
    down,
    clockAheadSeconds: number(
      given['clock-ahead-seconds'] ?? 0,
      [...path, 'clock-ahead-seconds'],
      -3600,
      3600
    )
  }
}

function flowOf(value: unknown, path: Path): Flow {
  const given = mapping(value, path, FLOW_KEYS)
  const tool = text(given.tool, [...path, 'tool'])
  if (!TOOLS.includes(tool as Tool))
    throw new Mistake([...path, 'tool'], `${tool} is no tool`, `tools are ${TOOLS.join(', ')}`)
  const ports = Object.entries(mapping(given.ports, [...path, 'ports'], null)).map(([key, weight]) => {
    const isAny = key === 'other/TCP' || key === 'other/UDP'
    if (!isAny && parsePortKey(key) === null)
      throw new Mistake(
        [...path, 'ports', key],
        `${key} is no port`,
        'write such as 23/TCP, 53/UDP, ICMP or other/TCP'
      )
    return { key, weight: number(weight, [...path, 'ports', key], 0, 1e9) }
  })
  const tail = number(given.tail ?? 0, [...path, 'tail'], 0, 1)
  const heavy = number(given.heavy ?? 1, [...path, 'heavy'], 0, 10_000)
  const regions = Object.entries(mapping(given.regions, [...path, 'regions'], null)).map(([region, each]) =>
    regionOf(region, each, { tail, heavy }, [...path, 'regions', region])
  )
  const space = given.space ?? 'region'
  if (space !== 'region' && space !== 'known-scanners')
    throw new Mistake([...path, 'space'], 'it is no space', "write 'region' or 'known-scanners'")
  return {
    name: text(given.name, [...path, 'name']),
    tool: tool as Tool,
    packets: number(given.packets, [...path, 'packets'], 0, 1e9),
    ports,
    regions,
    space,
    lifeDays: number(given['life-days'] ?? 30, [...path, 'life-days'], 1, 1e6),
    daySwing: number(given['day-swing'] ?? 0, [...path, 'day-swing'], 0, 0.95),
    elsewhere: number(given.elsewhere ?? 1, [...path, 'elsewhere'], 0, 100),
    curve: curveOf(given, path)
  }
}

function regionOf(
  region: string,
  value: unknown,
  fallback: { readonly tail: number; readonly heavy: number },
  path: Path
): FlowRegion {
  country(region, path)
  if (typeof value === 'number') {
    return { region, weight: number(value, path, 0, 1e9), ...fallback, curve: { points: [], swing: null } }
  }
  const given = mapping(value, path, REGION_KEYS)
  return {
    region,
    weight: number(given.weight, [...path, 'weight'], 0, 1e9),
    tail: number(given.tail ?? fallback.tail, [...path, 'tail'], 0, 1),
    heavy: number(given.heavy ?? fallback.heavy, [...path, 'heavy'], 0, 10_000),
    curve: curveOf(given, path)
  }
}

function curveOf(given: Readonly<Record<string, unknown>>, path: Path): Curve {
  const points = Object.entries(
    given.curve === undefined ? {} : mapping(given.curve, [...path, 'curve'], null)
  ).map(([date, level]) => ({
    day: day(date, [...path, 'curve', date]),
    level: number(level, [...path, 'curve', date], 0, 1e6)
  }))
  const unordered = points.findIndex((point, i) => i > 0 && point.day <= points[i - 1]!.day)
  if (unordered >= 0)
    throw new Mistake([...path, 'curve'], 'its days are not in order', 'write them from first to last')
  return { points, swing: given.swing === undefined ? null : swingOf(given.swing, [...path, 'swing']) }
}

function swingOf(value: unknown, path: Path): Swing {
  const given = mapping(value, path, ['every-days', 'share', 'from', 'to'])
  const [fromDay, toDay] = span(given, path)
  const everyDays = number(given['every-days'], [...path, 'every-days'], 1, 1000)
  return { everyDays, share: number(given.share, [...path, 'share'], 0, 1), fromDay, toDay }
}

/** Both days belong to it. */
function span(given: Readonly<Record<string, unknown>>, path: Path): [number, number] {
  const [from, last] = [day(given.from, [...path, 'from']), day(given.to, [...path, 'to'])]
  if (last < from)
    throw new Mistake([...path, 'to'], 'the last day is before the first', 'exchange from and to')
  return [from, last + 1]
}

function day(value: unknown, path: Path): number {
  const written = text(value, path)
  const found = parseCalendarDay(written)
  if (found !== null && found >= 0) return found
  throw new Mistake(path, `${written} is no day`, 'write a date such as 2022-04-01')
}

function country(value: unknown, path: Path): string {
  const code = text(value, path)
  if (/^[A-Z]{2}$/.test(code)) return code
  throw new Mistake(path, `${code} is no region`, 'write two capital letters such as JP')
}

function number(value: unknown, path: Path, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new Mistake(path, `${String(value)} is no number from ${least} to ${most}`, 'write such a number')
}

function text(value: unknown, path: Path): string {
  if (typeof value === 'string' && value !== '') return value
  throw new Mistake(
    path,
    `${path.at(-1)} is missing, or no text`,
    `add ${path.at(-1)}, in quotes where it looks like a number`
  )
}

function list(value: unknown, path: Path): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value as unknown[]
  throw new Mistake(path, `${path.at(-1)} is no list of at least one`, 'write a line "- " for each')
}

/** A mapping with no keys but `known` (null: any, at least one). */
function mapping(
  value: unknown,
  path: Path,
  known: readonly string[] | null
): Readonly<Record<string, unknown>> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    Object.keys(value).length === 0
  ) {
    const keys = known === null ? 'KEY: VALUE lines' : `the keys ${known.join(', ')}`
    throw new Mistake(path, `${path.at(-1) ?? 'the file'} is no mapping`, `write ${keys}`)
  }
  const unknown = Object.keys(value).find((key) => known !== null && !known.includes(key))
  if (unknown !== undefined)
    throw new Mistake([...path, unknown], `the key ${unknown} is unknown`, `known here: ${known?.join(', ')}`)
  return value as Record<string, unknown>
}
