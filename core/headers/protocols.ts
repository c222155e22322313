// Protocol numbers by their IANA names, and the port keys that counts and questions use.
import { ABSENT } from '../packets/packet-columns.ts'

/** IANA protocol numbers that the product reads headers of, or walks past (IPv6 extension headers). */
export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  noNext: 59,
  destinationOptions: 60,
  mobility: 135,
  hip: 139,
  shim6: 140
} as const

/** A protocol and, for TCP and UDP, a destination port; ABSENT where there is none. */
export interface ProtocolPort {
  readonly protocol: number
  readonly port: number
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [PROTOCOL.icmp, 'ICMP'],
  [PROTOCOL.icmpv6, 'ICMPv6'],
  [PROTOCOL.tcp, 'TCP'],
  [PROTOCOL.udp, 'UDP']
])

const NUMBERS: ReadonlyMap<string, number> = new Map(
  [...NAMES].map(([protocol, name]) => [name.toLowerCase(), protocol])
)

/**
 * The key under which a packet's port is counted: `23/TCP`, `53/UDP`; `TCP` and `UDP` where the port is
 * ABSENT (later fragments, cut packets); `ICMP`, `ICMPv6`; any other protocol by number, as `47/IP`.
 */
export function portKey(protocol: number, dstPort: number): string {
  const name = NAMES.get(protocol)
  if (name === undefined) return `${protocol}/IP`
  return hasPorts(protocol) && dstPort !== ABSENT ? `${dstPort}/${name}` : name
}

/** The inverse of portKey; letters in either case. Null where the text is no port key. */
export function parsePortKey(text: string): ProtocolPort | null {
  const named = NUMBERS.get(text.toLowerCase())
  if (named !== undefined) return { protocol: named, port: ABSENT }
  const match = /^(0|[1-9]\d{0,4})\/(tcp|udp|ip)$/i.exec(text)
  if (match === null) return null
  const number = Number(match[1])
  const kind = match[2]!.toLowerCase()
  if (kind !== 'ip') return number > 65535 ? null : { protocol: NUMBERS.get(kind)!, port: number }
  return number > 255 || NAMES.has(number) ? null : { protocol: number, port: ABSENT }
}

/** True for the protocols whose ports are read. */
function hasPorts(protocol: number): boolean {
  return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp
}
