// Parts of counts, as an aggregator sends them, from names of series.
import type { CountPart } from '../../core/store/count-store.ts'
import { packRegion } from '../../core/packets/region-code.ts'
import { TAG_RULES } from '../../core/tags/rules.ts'
import { CountTable } from '../../core/windows/count-table.ts'
import { SECTION } from '../../core/windows/sections.ts'
import { portCode, SERIES_KIND } from '../../core/windows/series.ts'
import type { SeriesCode } from './sources.ts'

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
    const { kindAndTag, value } = seriesCode(name)
    table.add(SECTION.series, kindAndTag, value, packets)
  }
  return table.toLog()
}

/** The inverse of seriesName, for the names that tests use. */
function seriesCode(name: string): SeriesCode {
  const keys = new Map(name.split(',').map((part) => part.split('=') as [string, string]))
  const [port, region, tag] = [keys.get('port'), keys.get('region'), keys.get('tag')]
  const bit = tag === undefined ? 0 : tagBit(tag) << 3
  if (port !== undefined) {
    return {
      kindAndTag: (tag === undefined ? SERIES_KIND.port : SERIES_KIND.portInTag) | bit,
      value: tcpOrUdp(port)
    }
  }
  if (region !== undefined) {
    const kind = tag === undefined ? SERIES_KIND.region : SERIES_KIND.regionInTag
    return { kindAndTag: kind | bit, value: packRegion(region) }
  }
  if (tag !== undefined) return { kindAndTag: SERIES_KIND.tag | bit, value: 0 }
  const asn = keys.get('asn')
  return asn === undefined
    ? { kindAndTag: SERIES_KIND.all, value: 0 }
    : { kindAndTag: SERIES_KIND.asn, value: Number(asn) }
}

function tcpOrUdp(port: string): number {
  const [number, protocol] = port.split('/')
  return portCode(protocol === 'UDP' ? 17 : 6, Number(number))
}

function tagBit(id: string): number {
  return TAG_RULES.find((rule) => rule.id === id)!.bit
}
