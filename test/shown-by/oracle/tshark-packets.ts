// A capture as tshark reads it, in the words of `tag`.
import { type TsharkFields, tsharkFields } from '../../core/headers/tshark.ts'
import type { PacketHeaders } from './tag-record.ts'

/** Where each IPv6 extension header says what follows it, by its protocol number. */
const NEXT_HEADER: Readonly<Record<number, string>> = {
  0: 'ipv6.hopopts.nxt',
  43: 'ipv6.routing.nxt',
  44: 'ipv6.fraghdr.nxt',
  51: 'ah.next_header',
  60: 'ipv6.dstopts.nxt',
  135: 'mip6.proto',
  139: 'hip.proto',
  140: 'shim6.nxt'
}
const IPV4 = ['ip.src', 'ip.dst', 'ip.proto', 'ip.id', 'ip.ttl', 'ip.len', 'ip.frag_offset']
const IPV6 = ['ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.hlim', 'ipv6.plen', 'ipv6.fraghdr.offset']
const TCP = ['tcp.srcport', 'tcp.dstport', 'tcp.flags', 'tcp.seq_raw']
const UDP = ['udp.srcport', 'udp.dstport']
const ICMP = ['icmp.type', 'icmp.code', 'icmpv6.type', 'icmpv6.code']
const FRAME = ['frame.time_epoch', 'frame.protocols']

/** A frame as tshark reads it. */
export interface TsharkPacket {
  /** Nanoseconds since 1970; null where the capture has no time for it. */
  readonly timeNs: bigint | null
  /** The outermost IP packet without its time; null where tshark finds none. */
  readonly headers: Omit<PacketHeaders, 'timestamp'> | null
}

/** Every packet record of a capture, up to where it is damaged. */
export function packetsByTshark(file: string): TsharkPacket[] {
  const names = [...FRAME, ...IPV4, ...IPV6, ...Object.values(NEXT_HEADER), ...TCP, ...UDP, ...ICMP]
  return tsharkFields(file, names, 'all').map((fields) => ({
    timeNs: nanosecondsOf(fields['frame.time_epoch']!),
    headers: headersOf(fields)
  }))
}

/** A time as tshark writes it: what is after the point counts nanoseconds, and may be a second and more. */
function nanosecondsOf(text: string): bigint | null {
  if (text === '') return null
  const [seconds, nanoseconds] = text.split('.') as [string, string]
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
}

function headersOf(fields: TsharkFields): TsharkPacket['headers'] {
  const layers = fields['frame.protocols']!.split(':')
  const outermost = layers.find((layer) => layer === 'ip' || layer === 'ipv6')
  if (outermost === undefined) return null
  const ip = outermost === 'ip' ? ipv4Of(fields) : ipv6Of(fields)
  return { ...ip.headers, ...transportOf(fields, ip.headers.protocol, ip.isLaterFragment) }
}

function ipv4Of(fields: TsharkFields) {
  return {
    headers: {
      src: first(fields, 'ip.src'),
      dst: first(fields, 'ip.dst'),
      protocol: number(fields, 'ip.proto'),
      ip_id: number(fields, 'ip.id'),
      ttl: number(fields, 'ip.ttl'),
      ip_length: number(fields, 'ip.len')
    },
    isLaterFragment: number(fields, 'ip.frag_offset') !== 0
  }
}

function ipv6Of(fields: TsharkFields) {
  const payloadBytes = number(fields, 'ipv6.plen')
  return {
    headers: {
      src: first(fields, 'ipv6.src'),
      dst: first(fields, 'ipv6.dst'),
      protocol: upperLayerOf(fields),
      ip_id: null,
      ttl: number(fields, 'ipv6.hlim'),
      ip_length: payloadBytes === null ? null : payloadBytes + 40
    },
    isLaterFragment: (number(fields, 'ipv6.fraghdr.offset') ?? 0) !== 0
  }
}

/** Follows the chain of extension headers; each kind's own headers come in their order. */
function upperLayerOf(fields: TsharkFields): number | null {
  const left = new Map(
    Object.entries(NEXT_HEADER).map(([kind, name]) => [Number(kind), fields[name]!.split(',')])
  )
  let protocol = number(fields, 'ipv6.nxt')
  for (;;) {
    const next = protocol === null ? undefined : left.get(protocol)?.shift()
    if (next === undefined || next === '') return protocol
    protocol = Number(next)
  }
}

function transportOf(fields: TsharkFields, protocol: number | null, isLaterFragment: boolean) {
  const isTcp = protocol === 6 && !isLaterFragment
  const isUdp = protocol === 17 && !isLaterFragment
  const ports = isTcp ? 'tcp' : 'udp'
  const hasPorts = isTcp || isUdp
  const icmp = protocol === 1 ? 'icmp' : 'icmpv6'
  const isIcmp = (protocol === 1 || protocol === 58) && !isLaterFragment
  return {
    src_port: hasPorts ? number(fields, `${ports}.srcport`) : null,
    dst_port: hasPorts ? number(fields, `${ports}.dstport`) : null,
    icmp_type: isIcmp ? number(fields, `${icmp}.type`) : null,
    icmp_code: isIcmp ? number(fields, `${icmp}.code`) : null,
    tcp_flags: isTcp ? number(fields, 'tcp.flags') : null,
    tcp_seq: isTcp ? number(fields, 'tcp.seq_raw') : null
  }
}

/** The first of a field's values: that of the outermost header that has it. */
function first(fields: TsharkFields, name: string): string | null {
  const value = fields[name]!.split(',')[0]!
  return value === '' ? null : value
}

/** In decimal or, after 0x, in hexadecimal. */
function number(fields: TsharkFields, name: string): number | null {
  const value = first(fields, name)
  return value === null ? null : Number(value)
}
