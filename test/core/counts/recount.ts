// The slow and obvious way to answer a query: a row for each group, found by comparing texts. Shares no code with
// the counters, the names of ports and windows apart.
import type { CountQuery, Dimension } from '../../../core/counts/query.ts'
import type { CountKey } from '../../../core/counts/row.ts'
import { portKey } from '../../../core/headers/protocols.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'
import { portCode } from '../../../core/windows/series.ts'
import { dayStartSeconds } from '../../../core/windows/time-zone.ts'
import type { TestBatch, TestPacket } from './random-batches.ts'

interface Seen {
  readonly packet: TestPacket
  readonly sensor: string
  readonly vantages: readonly string[]
}

/** Groups as 'window|start|vantage|key|key' with packets and unique sources. */
export function recount(
  query: CountQuery,
  batches: readonly TestBatch[]
): Map<string, { packets: number; sources: number }> {
  const { fromSeconds, toSeconds, where } = query
  const inTime = batches
    .flatMap(({ sensor, vantages, packets }) => packets.map((packet): Seen => ({ packet, sensor, vantages })))
    .filter(({ packet }) => packet.seconds >= (fromSeconds ?? 0) && packet.seconds < (toSeconds ?? 2 ** 32))
  const newest = Math.max(...inTime.map(({ packet }) => packet.seconds))
  const groups = new Map<string, { packets: number; sources: Set<string> }>()
  for (const seen of inTime) {
    const { packet } = seen
    const admitted =
      (where.tagBits === 0 || (packet.tags & where.tagBits) !== 0) &&
      (where.regions.length === 0 || where.regions.includes(packet.region)) &&
      (where.ports.length === 0 || where.ports.includes(portCode(packet.protocol, packet.dstPort))) &&
      (where.asns.length === 0 || where.asns.includes(packet.asn)) &&
      (where.protocols.length === 0 || where.protocols.includes(packet.protocol)) &&
      (where.sensors.length === 0 || where.sensors.includes(seen.sensor))
    if (!admitted) continue
    for (const window of windowsOf(query, packet.seconds, newest)) {
      for (const vantage of seen.vantages.filter((vantage) => isAsked(query, vantage))) {
        for (const keys of keysOf(query, seen)) {
          const name = [window, vantage, ...keys.map(String)].join('|')
          const group = groups.get(name) ?? { packets: 0, sources: new Set() }
          group.packets += 1
          group.sources.add(`${packet.ipVersion}:${packet.src.join(':')}`)
          groups.set(name, group)
        }
      }
    }
  }
  return new Map(
    [...groups].map(([name, { packets, sources }]) => [name, { packets, sources: sources.size }])
  )
}

function isAsked({ by, where }: CountQuery, vantage: string): boolean {
  if (where.vantages.length > 0) return where.vantages.includes(vantage)
  return by.includes('vantage') || vantage === 'all'
}

function windowsOf({ window, zone, toSeconds }: CountQuery, seconds: number, newest: number): string[] {
  if (window.kind === 'all') return ['all|null']
  if (window.kind === 'fixed') {
    const lengths = { minute: 60, hour: 3600, day: 86_400 }
    if (window.size === 'day') return [`day|${dayStartSeconds(zone, seconds)}`]
    return [`${window.size}|${seconds - (seconds % lengths[window.size])}`]
  }
  const end = toSeconds === null ? newest - (newest % 60) + 60 : Math.ceil(toSeconds / 60) * 60
  return window.spans
    .filter((span) => seconds >= end - span.seconds && seconds < end)
    .map((span) => `${span.label}|${end - span.seconds}`)
}

/** Every combination of keys that a packet is counted under: one, or one a tag. */
function keysOf(query: CountQuery, { packet, sensor }: Seen): CountKey[][] {
  const tags = TAG_RULES.filter(({ bit }) => (packet.tags & (1 << bit)) !== 0).map(({ id }) => id)
  const perTag: (string | null)[] = query.by.includes('tag') && tags.length > 0 ? tags : [null]
  const values = (tag: string | null): Record<Dimension, CountKey> => ({
    port: portKey(packet.protocol, packet.dstPort),
    region: packet.region,
    asn: packet.asn,
    protocol: packet.protocol,
    sensor,
    tag,
    vantage: null
  })
  return perTag.map((tag) => query.by.filter((by) => by !== 'vantage').map((by) => values(tag)[by]))
}
