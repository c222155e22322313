// Parts of sources, as an aggregator sends them.
import { registerOf } from '../../core/sources/hyperloglog.ts'
import { type Hash64, hash4, hash16 } from '../../core/sources/murmur64a.ts'
import { SourceLogWriter, SourceTable } from '../../core/sources/source-log.ts'
import type { SourcePart } from '../../core/store/count-store.ts'
import { SECTION } from '../../core/windows/sections.ts'
import { portCode, SERIES_KIND, seriesName } from '../../core/windows/series.ts'

/** A series as logs name it. */
export interface SeriesCode {
  readonly kindAndTag: number
  readonly value: number
}

/** All packets. */
export const ALL: SeriesCode = { kindAndTag: SERIES_KIND.all, value: 0 }

/** A TCP port. */
export function tcp(port: number): SeriesCode {
  return { kindAndTag: SERIES_KIND.port, value: portCode(6, port) }
}

const hash: Hash64 = { high: 0, low: 0 }

/** The registers of 10.x.y.z, by the number x.y.z. */
export function addresses4(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => {
    hash4(0x0a000000 + from + i, hash)
    return registerOf(hash)
  })
}

/** The registers of fd00:x::, likewise. */
export function addresses6(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => {
    hash16(0xfd000000 + from + i, 0, 0, 0, hash)
    return registerOf(hash)
  })
}

/** A log of these registers by series. */
export function sourceLog(sources: readonly (readonly [SeriesCode, readonly number[]])[]): Uint8Array {
  const writer = new SourceLogWriter()
  for (const [{ kindAndTag, value }, registers] of sources) {
    writer.startSection(SECTION.series, kindAndTag, 1)
    writer.startCell(value, registers.length)
    for (const register of registers) writer.add(register)
  }
  return writer.finish()
}

/** The sources of a quarter of an hour. */
export function sourcePart(
  quarterSeconds: number,
  sources: readonly (readonly [SeriesCode, readonly number[]])[],
  vantages: readonly string[] = ['all']
): SourcePart {
  return { quarterSeconds, vantages, log: sourceLog(sources) }
}

/** Unique sources by series name of some logs together. */
export function countedSources(...logs: readonly Uint8Array[]): Map<string, number> {
  const table = new SourceTable()
  for (const log of logs) table.merge(log)
  const counts = new Map<string, number>()
  table.forEach((kindAndTag, value, sources) => {
    counts.set(seriesName(kindAndTag, value), sources)
  })
  return counts
}
