// An hour of all series, as the store has counted it, with the dark addresses that were there to see it.
import type { CountStore } from '../../core/store/count-store.ts'
import type { HourReading } from '../../core/surges/hourly-judge.ts'
import { withoutKnownScanners } from '../../core/surges/without-known-scanners.ts'
import { darkAddressCount, isActiveAt, type Sensor } from '../../core/telescope/sensor-list.ts'

/** The vantage that sees everything. */
const ALL = 'all'

/** Reads one hour without known scanners; `sensors` are those that are declared. Series with fewer packets than `leastPackets` are left out. */
export async function readHour(
  store: CountStore,
  sensors: readonly Sensor[],
  startSeconds: number,
  leastPackets = 1,
  vantage = ALL
): Promise<HourReading> {
  const window = { size: 'hour', zone: 'UTC', startSeconds, vantage } as const
  const all = await store.packets(window)
  const packets = new Map([...all].filter(([, count]) => count >= leastPackets))
  const sources = await store.sources(window, [...packets.keys()])
  return {
    startSeconds,
    // A telescope of any size sees something every hour: where nothing at all came, nobody was listening.
    isObserved: all.size > 0,
    darkAddresses: await liveDarkAddressesOf(store, sensors, startSeconds),
    series: withoutKnownScanners(
      new Map(
        [...packets].map(([series, count]) => [series, { packets: count, sources: sources.get(series) ?? 0 }])
      )
    )
  }
}

/** Dark addresses that were there in an hour. */
export async function liveDarkAddressesOf(
  store: CountStore,
  sensors: readonly Sensor[],
  startSeconds: number
): Promise<number> {
  return liveDarkAddresses(sensors, await store.sensorsAt(startSeconds), startSeconds)
}

/**
 * IPv4 addresses of the sensors that saw anything in the hour. Where none of them is known (counts that were imported) it is
 * those of all that were declared to be active.
 */
function liveDarkAddresses(
  sensors: readonly Sensor[],
  seen: readonly string[],
  startSeconds: number
): number {
  const active = sensors.filter((sensor) => isActiveAt(sensor, startSeconds))
  const live = seen.length === 0 ? active : active.filter(({ id }) => seen.includes(id))
  return live.reduce((sum, sensor) => sum + darkAddressCount(sensor, 4), 0)
}
