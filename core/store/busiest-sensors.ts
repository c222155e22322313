// Which sensors of an hour are kept for good: the busiest of each series, by packets, then by name; and of every sensor its
// total, which says that it was there.
import { CellTable } from '../windows/cell-table.ts'
import { CountTable } from '../windows/count-table.ts'
import { SECTION } from '../windows/sections.ts'
import { SERIES_KIND } from '../windows/series.ts'
import { BUSIEST_SENSORS_KEPT, SENSOR_DETAIL_SECONDS } from './retention.ts'

/** Packets by series (kind and tag, value, 0) of each sensor in one hour. */
export type HourBySensor = ReadonlyMap<string, CellTable>

/** A sensor's packets of one series. */
interface SensorPackets {
  readonly sensor: string
  readonly packets: number
}

/** The series of each sensor that are not among the busiest: (kind and tag, value, 0). */
export function cellsToDrop(hour: HourBySensor): Map<string, CellTable> {
  const bySeries = new Map<number, SensorPackets[]>()
  for (const [sensor, series] of hour) {
    series.forEach((kindAndTag, value, _unused, packets) => {
      if (kindAndTag === SERIES_KIND.all) return
      const key = kindAndTag * 2 ** 32 + value
      const sensors = bySeries.get(key)
      if (sensors === undefined) bySeries.set(key, [{ sensor, packets }])
      else sensors.push({ sensor, packets })
    })
  }
  const drops = new Map<string, CellTable>()
  for (const [key, sensors] of bySeries) {
    if (sensors.length <= BUSIEST_SENSORS_KEPT) continue
    sensors.sort((a, b) => b.packets - a.packets || (a.sensor < b.sensor ? -1 : 1))
    for (const { sensor, packets } of sensors.slice(BUSIEST_SENSORS_KEPT)) {
      const own = drops.get(sensor) ?? new CellTable()
      drops.set(sensor, own)
      own.add(Math.floor(key / 2 ** 32), key % 2 ** 32, 0, packets)
    }
  }
  return drops
}

/** What is left of a sensor's series: a table of single ones; null where nothing is left. */
export function withoutDropped(series: CellTable, dropped: CellTable | undefined): CountTable | null {
  const kept = new CountTable()
  series.forEach((kindAndTag, value, _unused, packets) => {
    if ((dropped?.count(kindAndTag, value, 0) ?? 0) > 0) return
    kept.add(SECTION.series, kindAndTag, value, packets)
  })
  return kept.size === 0 ? null : kept
}

/** Hours that start at or before this are trimmed. */
export function trimmedUpToSeconds(watermarkSeconds: number): number {
  return watermarkSeconds - SENSOR_DETAIL_SECONDS - 3600
}
