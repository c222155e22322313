// Questions answered from the store of rolling counts: the same rows as over captures, for what is kept.
import type { CountStore, VantageWindow } from '../store/count-store.ts'
import { zonesKept } from '../store/store-settings.ts'
import { windowStartSeconds } from '../windows/time-zone.ts'
import type { WindowSize } from '../windows/window.ts'
import { liveSensorRows } from './live-sensors.ts'
import { refuseForgottenTimes } from './kept-times.ts'
import { notKept } from './not-kept.ts'
import { type CountQuery, rollingEndSeconds, vantagesAsked } from './query.ts'
import { type CountRow, compareRows } from './row.ts'
import { type SeriesPlan, planSeries } from './series-plan.ts'

/** The windows that make up one window of rows. */
interface Parts {
  readonly window: string
  readonly windowStartSeconds: number | null
  readonly size: WindowSize
  readonly zone: string
  readonly starts: readonly number[]
}

/**
 * Rows of a query from the store, equal to those of PacketCounter over the same packets (sources may be estimates); a
 * question without a bound is for the windows that are still kept. Throws SP_QUESTION_NOT_KEPT for what it does not
 * keep, and SP_STORE_EMPTY where no aggregator made the store yet.
 */
export async function answerFromStore(query: CountQuery, store: CountStore): Promise<CountRow[]> {
  const zones = zonesKept(await store.settings())
  if (query.by.includes('sensor') || query.where.sensors.length > 0) {
    return (await liveSensorRows(query, store)).sort(compareRows)
  }
  const plan = planSeries(query)
  refuseSources(query, plan)
  await refuseForgottenTimes(query, store, sizeOf(query))
  const asked = vantagesAsked(query)
  const kept = await store.vantages()
  const rows: CountRow[] = []
  for (const vantage of kept.filter((vantage) => asked === null || asked.includes(vantage))) {
    for (const parts of await partsOf(query, store, zones, vantage)) {
      rows.push(...(await rowsOf(query, plan, store, vantage, parts)))
    }
  }
  return rows.sort(compareRows)
}

function refuseSources(query: CountQuery, plan: SeriesPlan): void {
  if (!query.hasSources) return
  const { window } = query
  if (window.kind !== 'fixed' || window.size === 'minute')
    throw notKept('--sources other than by hour or day')
  if (!plan.isOneSeriesARow) throw notKept('--sources of several series together')
}

/** The size of the stored windows that answer a query. */
function sizeOf(query: CountQuery): WindowSize {
  const { window } = query
  switch (window.kind) {
    case 'fixed':
      return window.size
    case 'all':
      return largestAlignedSize(query)
    case 'rolling':
      return 'minute'
    default:
      return window satisfies never
  }
}

/** Which stored windows make up each window asked for. */
async function partsOf(
  query: CountQuery,
  store: CountStore,
  zones: readonly string[],
  vantage: string
): Promise<Parts[]> {
  const { window } = query
  switch (window.kind) {
    case 'fixed': {
      const { size } = window
      const zone = size === 'day' ? query.zone : 'UTC'
      if (!zones.includes(zone)) {
        throw notKept(
          `days of ${zone} (days are kept for ${zones.join(', ')}, see STORMPETREL_DAY_TIME_ZONES)`
        )
      }
      const starts = await startsIn(query, store, size, zone, vantage)
      return starts.map((start) => ({ window: size, windowStartSeconds: start, size, zone, starts: [start] }))
    }
    case 'all': {
      const size = sizeOf(query)
      const starts = await startsIn(query, store, size, 'UTC', vantage)
      return [{ window: 'all', windowStartSeconds: null, size, zone: 'UTC', starts }]
    }
    case 'rolling': {
      const newest = (await startsIn(query, store, 'minute', 'UTC', 'all')).at(-1)
      if (newest === undefined) return []
      const end = rollingEndSeconds(query, newest)
      const minutes = await startsIn(query, store, 'minute', 'UTC', vantage)
      return window.spans.map(({ label, seconds }) => ({
        window: label,
        windowStartSeconds: end - seconds,
        size: 'minute',
        zone: 'UTC',
        starts: minutes.filter((start) => start >= end - seconds && start < end)
      }))
    }
    default:
      return window satisfies never
  }
}

async function startsIn(
  query: CountQuery,
  store: CountStore,
  size: WindowSize,
  zone: string,
  vantage: string
): Promise<number[]> {
  const { fromSeconds, toSeconds } = query
  for (const [option, seconds] of [
    ['--from', fromSeconds],
    ['--to', toSeconds]
  ] as const) {
    if (seconds !== null && windowStartSeconds(size, zone, seconds) !== seconds) {
      throw notKept(`${option} inside a ${size}`)
    }
  }
  const starts = await store.windows(size, zone, vantage)
  return starts.filter(
    (start) => start >= (fromSeconds ?? start) && (toSeconds === null || start < toSeconds)
  )
}

/** The largest windows that no bound of time cuts. */
function largestAlignedSize({ fromSeconds, toSeconds }: CountQuery): WindowSize {
  const bounds = [fromSeconds, toSeconds].filter((bound) => bound !== null)
  for (const size of ['day', 'hour'] as const) {
    if (bounds.every((bound) => windowStartSeconds(size, 'UTC', bound) === bound)) return size
  }
  return 'minute'
}

async function rowsOf(
  query: CountQuery,
  plan: SeriesPlan,
  store: CountStore,
  vantage: string,
  parts: Parts
): Promise<CountRow[]> {
  const groups = new Map<string, { row: CountRow; series: string; packets: number }>()
  for (const startSeconds of parts.starts) {
    const window: VantageWindow = { size: parts.size, zone: parts.zone, startSeconds, vantage }
    for (const [series, packets] of await store.packets(window)) {
      const keys = plan.keysOf(series)
      if (keys === null) continue
      const group = groups.get(JSON.stringify(keys))
      if (group !== undefined) group.packets += packets
      else {
        const { window, windowStartSeconds } = parts
        const row = { window, windowStartSeconds, vantage, keys, packets: 0, sources: null }
        groups.set(JSON.stringify(keys), { row, series, packets })
      }
    }
  }
  const made = [...groups.values()]
  if (!query.hasSources) return made.map(({ row, packets }) => ({ ...row, packets }))
  // Sources are only answered for one stored window a row.
  const window: VantageWindow = {
    size: parts.size,
    zone: parts.zone,
    startSeconds: parts.starts[0]!,
    vantage
  }
  const sources = await store.sources(
    window,
    made.map(({ series }) => series)
  )
  return made.map(({ row, series, packets }) => ({ ...row, packets, sources: sources.get(series) ?? 0 }))
}
