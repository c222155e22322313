// Counts by sensor from the live store: hours, for the newest of which every series of every sensor is kept.
import type { CountStore } from '../store/count-store.ts'
import { formatUtc, windowStartSeconds } from '../windows/time-zone.ts'
import { refuseForgottenTimes } from './kept-times.ts'
import { notKept } from './not-kept.ts'
import type { CountQuery } from './query.ts'
import { keyDimensions } from './query.ts'
import type { CountKey, CountRow } from './row.ts'
import { planSeries } from './series-plan.ts'

/** Rows of a query that asks for sensors, in no order. Throws SP_QUESTION_NOT_KEPT. */
export async function liveSensorRows(query: CountQuery, store: CountStore): Promise<CountRow[]> {
  const { window, where } = query
  if (query.by.includes('vantage') || where.vantages.length > 0) throw notKept('counts by sensor and vantage')
  if (query.hasSources) throw notKept('--sources of one sensor')
  if (window.kind !== 'fixed' || window.size !== 'hour') throw notKept('counts by sensor other than by hour')
  const plan = planSeries(query)
  await refuseForgottenTimes(query, store, 'hour')
  const hasSensorKey = query.by.includes('sensor')
  const rows: CountRow[] = []
  const asked = await hoursOf(query, store)
  for (const startSeconds of await wholeHours(asked, query, store)) {
    const sums = new Map<string, { keys: CountKey[]; packets: number }>()
    for (const [sensor, counts] of await store.sensorPackets(startSeconds)) {
      if (where.sensors.length > 0 && !where.sensors.includes(sensor)) continue
      for (const [series, packets] of counts) {
        const others = plan.keysOf(series)
        if (others === null) continue
        const keys = hasSensorKey ? withSensor(query, others, sensor) : others
        const sum = sums.get(JSON.stringify(keys)) ?? { keys, packets: 0 }
        sum.packets += packets
        sums.set(JSON.stringify(keys), sum)
      }
    }
    for (const { keys, packets } of sums.values()) {
      rows.push({
        window: 'hour',
        windowStartSeconds: startSeconds,
        vantage: 'all',
        keys,
        packets,
        sources: null
      })
    }
  }
  // An hour may have been trimmed while it was read.
  const whole = new Set(await wholeHours(asked, query, store))
  return rows.filter((row) => row.windowStartSeconds !== null && whole.has(row.windowStartSeconds))
}

function withSensor(query: CountQuery, others: readonly CountKey[], sensor: string): CountKey[] {
  const keys = [...others]
  keys.splice(keyDimensions(query).indexOf('sensor'), 0, sensor)
  return keys
}

async function hoursOf({ fromSeconds, toSeconds }: CountQuery, store: CountStore): Promise<number[]> {
  for (const bound of [fromSeconds, toSeconds]) {
    if (bound !== null && windowStartSeconds('hour', 'UTC', bound) !== bound)
      throw notKept('a part of an hour')
  }
  const hours = await store.windows('hour', 'UTC', 'all')
  return hours.filter((hour) => hour >= (fromSeconds ?? 0) && (toSeconds === null || hour < toSeconds))
}

/** Those of the hours that still have every sensor. */
async function wholeHours(
  asked: readonly number[],
  { fromSeconds, toSeconds }: CountQuery,
  store: CountStore
): Promise<number[]> {
  const trimmedUpTo = await store.trimmedUpToSeconds()
  if (trimmedUpTo === null) return [...asked]
  const whole = asked.filter((hour) => hour > trimmedUpTo)
  // Without a bound the question is for what there is; with one it is for those hours.
  if ((fromSeconds !== null || toSeconds !== null) && whole.length < asked.length) {
    const first = windowStartSeconds('hour', 'UTC', trimmedUpTo) + 3600
    throw notKept(`every sensor of hours before the last 6 (--from ${formatUtc(first)} asks for those)`)
  }
  return whole
}
