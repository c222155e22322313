// Days of a report from a store's day windows: of a live store, a run, or what exports were put into.
import type { CountStore } from '../store/count-store.ts'
import { darkAddressCount, isActiveAt, type Sensor } from '../telescope/sensor-list.ts'
import type { DayCounts, Pair, ReportDay } from './day-counts.ts'

const MIRAI = ',tag=mirai'
/** Of a day, ports with fewer packets than this have their packets counted and their sources not asked for. */
const LEAST_PACKETS = 5

/** Whose days. */
export interface StoreDaysOptions {
  readonly zone: string
  readonly sensors: readonly Sensor[]
  /** A vantage of the store: a country, or 'all'. */
  readonly vantage: string
  readonly starts: readonly number[]
}

/** Gives the days that the store has, in order, one at a time. */
export async function readStoreDays(
  store: CountStore,
  { zone, sensors, vantage, starts }: StoreDaysOptions,
  onDay: (day: ReportDay) => void
): Promise<void> {
  const kept = new Set(await store.windows('day', zone, vantage))
  for (const startSeconds of starts) {
    if (!kept.has(startSeconds)) continue
    const ours = sensors.filter(
      (sensor) => isActiveAt(sensor, startSeconds) && (vantage === 'all' || sensor.country === vantage)
    )
    onDay({
      startSeconds,
      vantage: await readDay(store, zone, startSeconds, vantage),
      everywhere: await readEverywhere(store, zone, startSeconds),
      darkAddresses: addressesOf(ours)
    })
  }
}

async function readDay(
  store: CountStore,
  zone: string,
  startSeconds: number,
  vantage: string
): Promise<DayCounts> {
  const window = { size: 'day', zone, startSeconds, vantage } as const
  const packets = await store.packets(window)
  const wanted = [...packets]
    .filter(([name, count]) => isShown(name) && count >= LEAST_PACKETS)
    .map(([name]) => name)
  const sources = await store.sources(window, wanted)
  const pairOf = (name: string): Pair => ({
    packets: packets.get(name) ?? 0,
    sources: sources.get(name) ?? 0
  })
  const keyed = (start: string, end: string): Map<string, Pair> =>
    new Map(
      [...packets.keys()]
        .filter((name) => name.startsWith(start) && name.endsWith(end) && name.includes(',') === (end !== ''))
        .map((name) => [name.slice(start.length, name.length - end.length), pairOf(name)])
    )
  return {
    all: pairOf('all'),
    mirai: pairOf('tag=mirai'),
    ports: keyed('port=', ''),
    regions: keyed('region=', ''),
    miraiPorts: keyed('port=', MIRAI),
    miraiRegions: keyed('region=', MIRAI)
  }
}

function isShown(name: string): boolean {
  if (name === 'all' || name === 'tag=mirai' || name.endsWith(MIRAI)) return true
  return /^(port|region)=/.test(name) && !name.includes(',')
}

async function readEverywhere(
  store: CountStore,
  zone: string,
  startSeconds: number
): Promise<ReportDay['everywhere']> {
  const packets = await store.packets({ size: 'day', zone, startSeconds, vantage: 'all' })
  const [ports, regions] = [new Map<string, number>(), new Map<string, number>()]
  for (const [name, count] of packets) {
    if (name.includes(',')) continue
    if (name.startsWith('port=')) ports.set(name.slice('port='.length), count)
    else if (name.startsWith('region=')) regions.set(name.slice('region='.length), count)
  }
  return { ports, regions }
}

function addressesOf(sensors: readonly Sensor[]): number {
  return sensors.reduce((sum, sensor) => sum + darkAddressCount(sensor, 4), 0)
}
