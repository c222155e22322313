// Parts of counts, as an aggregator sends them, from names of series.
import type { CountPart } from '../../core/store/count-store.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import { SECTION } from '../../core/windows/sections.ts'
import { parseSeries } from '../../core/windows/series.ts'

/** Packets by the names of series. */
export type SeriesPackets = Readonly<Record<string, number>>

/** The packets of a minute; all of them are those of its series `all`, or of its first one. */
export function countPart(
  minuteSeconds: number,
  sensor: string,
  series: SeriesPackets = { all: 1 },
  vantages: readonly string[] = ['all']
): CountPart {
  const packets = series.all ?? Object.values(series)[0]!
  return { minuteSeconds, sensor, vantages, packets, log: countLog(series) }
}

/** A log of single series. */
export function countLog(series: SeriesPackets): Uint8Array {
  const table = new CountTable()
  for (const [name, packets] of Object.entries(series)) {
    const { kindAndTag, value } = parseSeries(name)!
    table.add(SECTION.series, kindAndTag, value, packets)
  }
  return table.toLog()
}
