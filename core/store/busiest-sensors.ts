// Which sensors of an hour are kept for good: the busiest of each series, by packets, then by name.
import { BUSIEST_SENSORS_KEPT, SENSOR_DETAIL_SECONDS } from './retention.ts'

/** Packets by series of each sensor in one hour. */
export type HourBySensor = ReadonlyMap<string, ReadonlyMap<string, number>>

/** A sensor's cell that is to be dropped unless it has grown beyond `mostPackets` since it was judged. */
export interface DroppedCell {
  readonly sensor: string
  readonly series: string
  readonly mostPackets: number
}

/** Every cell that is not among the busiest sensors of its series. */
export function cellsToDrop(hour: HourBySensor): DroppedCell[] {
  const bySeries = new Map<string, { sensor: string; packets: number }[]>()
  for (const [sensor, packetsBySeries] of hour) {
    for (const [series, packets] of packetsBySeries) {
      const sensors = bySeries.get(series)
      if (sensors === undefined) bySeries.set(series, [{ sensor, packets }])
      else sensors.push({ sensor, packets })
    }
  }
  const dropped: DroppedCell[] = []
  for (const [series, sensors] of bySeries) {
    if (sensors.length <= BUSIEST_SENSORS_KEPT) continue
    sensors.sort((a, b) => b.packets - a.packets || (a.sensor < b.sensor ? -1 : 1))
    const mostPackets = sensors[BUSIEST_SENSORS_KEPT - 1]!.packets
    for (const { sensor } of sensors.slice(BUSIEST_SENSORS_KEPT))
      dropped.push({ sensor, series, mostPackets })
  }
  return dropped
}

/** Hours that start at or before this are trimmed. */
export function trimmedUpToSeconds(watermarkSeconds: number): number {
  return watermarkSeconds - SENSOR_DETAIL_SECONDS - 3600
}
