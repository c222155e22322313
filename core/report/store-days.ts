// Days of a report from a store's day windows: of a live store, a run, or what exports were put into.
import type { CountStore } from '../store/count-store.ts'
import { darkAddressCount, isActiveWithin, type Sensor } from '../telescope/sensor-list.ts'
import { kindsOf } from '../windows/series.ts'
import { dayEndSeconds } from '../windows/time-zone.ts'
import type { DayCounts, Pair, ReportDay } from './day-counts.ts'

const HOUR_SECONDS = 3600
const MIRAI = ',tag=mirai'
/** Of a day, ports with fewer packets than this have their packets counted and their sources not asked for. */
const LEAST_PACKETS = 5

const isShownKind = kindsOf([
  'all',
  'port=1/TCP',
  'region=ZZ',
  'tag=mirai',
  'port=1/TCP,tag=mirai',
  'region=ZZ,tag=mirai'
])
const isPortOrRegion = kindsOf(['port=1/TCP', 'region=ZZ'])

/** Whose days. */
export interface StoreDaysOptions {
  readonly zone: string
  readonly sensors: readonly Sensor[]
  /** A vantage of the store: a country, or 'all'. */
  readonly vantage: string
  readonly starts: readonly number[]
  /** The sensors that sent anything of a day; without the days of which that is not known. */
  readonly listening: ReadonlyMap<number, ReadonlySet<string>>
}

/** Gives the days that the store has, in order, one at a time. */
export async function readStoreDays(
  store: CountStore,
  { zone, sensors, vantage, starts, listening }: StoreDaysOptions,
  onDay: (day: ReportDay) => void
): Promise<void> {
  const kept = new Set(await store.windows('day', zone, vantage))
  for (const startSeconds of starts) {
    if (!kept.has(startSeconds)) continue
    const ours = sensors.filter(
      (sensor) =>
        listening.get(startSeconds)?.has(sensor.id) !== false &&
        isActiveWithin(sensor, startSeconds, dayEndSeconds(zone, startSeconds)) &&
        (vantage === 'all' || sensor.country === vantage)
    )
    onDay({
      startSeconds,
      vantage: await readDay(store, zone, startSeconds, vantage),
      everywhere: await readEverywhere(store, zone, startSeconds),
      darkAddresses: addressesOf(ours)
    })
  }
}

/** The sensors that sent anything of each day, of the days whose hours the store has. */
export async function readListening(
  store: CountStore,
  zone: string,
  starts: readonly number[]
): Promise<Map<number, ReadonlySet<string>>> {
  const kept = new Set(await store.windows('hour', 'UTC', 'all'))
  const listening = new Map<number, ReadonlySet<string>>()
  for (const start of starts) {
    const hours: number[] = []
    const first = start - (start % HOUR_SECONDS)
    for (let hour = first; hour < dayEndSeconds(zone, start); hour += HOUR_SECONDS)
      if (kept.has(hour)) hours.push(hour)
    const sensors = new Set((await Promise.all(hours.map((hour) => store.sensorsAt(hour)))).flat())
    // Of hours that were imported nobody knows.
    if (sensors.size > 0) listening.set(start, sensors)
  }
  return listening
}

async function readDay(
  store: CountStore,
  zone: string,
  startSeconds: number,
  vantage: string
): Promise<DayCounts> {
  const window = { size: 'day', zone, startSeconds, vantage } as const
  const packets = await store.packets(window, isShownKind)
  const wanted = [...packets]
    .filter(([name, count]) => count >= LEAST_PACKETS || !name.startsWith('port='))
    .map(([name]) => name)
  const sources = await store.sources(window, wanted)
  const day = {
    all: { packets: 0, sources: 0 },
    mirai: { packets: 0, sources: 0 },
    ports: new Map<string, Pair>(),
    regions: new Map<string, Pair>(),
    miraiPorts: new Map<string, Pair>(),
    miraiRegions: new Map<string, Pair>()
  }
  for (const [name, count] of packets) {
    const pair = { packets: count, sources: sources.get(name) ?? 0 }
    const isMirai = name.endsWith(MIRAI)
    const key = name.slice(name.indexOf('=') + 1, isMirai ? -MIRAI.length : undefined)
    if (name === 'all') day.all = pair
    else if (name === 'tag=mirai') day.mirai = pair
    else if (name.startsWith('port=')) (isMirai ? day.miraiPorts : day.ports).set(key, pair)
    else (isMirai ? day.miraiRegions : day.regions).set(key, pair)
  }
  return day
}

async function readEverywhere(
  store: CountStore,
  zone: string,
  startSeconds: number
): Promise<ReportDay['everywhere']> {
  const packets = await store.packets({ size: 'day', zone, startSeconds, vantage: 'all' }, isPortOrRegion)
  const [ports, regions] = [new Map<string, number>(), new Map<string, number>()]
  for (const [name, count] of packets) {
    if (name.startsWith('port=')) ports.set(name.slice('port='.length), count)
    else regions.set(name.slice('region='.length), count)
  }
  return { ports, regions }
}

function addressesOf(sensors: readonly Sensor[]): number {
  return sensors.reduce((sum, sensor) => sum + darkAddressCount(sensor, 4), 0)
}
