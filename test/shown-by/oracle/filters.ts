// What headers alone say of a packet: as filters of tcpdump, and the same over fields.
import type { PacketHeaders } from './tag-record.ts'

type Headers = Omit<PacketHeaders, 'timestamp'>

const SYN = 0x02
const RST = 0x04
const ACK = 0x10
const ZMAP_ID = 54321

interface HeaderFilter {
  /** For libpcap, which sees what lies right behind the link layer only, and tcp[...] in IPv4 only. */
  readonly tcpdump: string
  /** The same of either IP version. */
  readonly matches: (headers: Headers) => boolean
}

/** By their columns in expected.tsv. */
export const FILTERS = {
  tcp: { tcpdump: 'ip and tcp', matches: ({ protocol }) => protocol === 6 },
  udp: { tcpdump: 'ip and udp', matches: ({ protocol }) => protocol === 17 },
  icmp: { tcpdump: 'icmp', matches: ({ protocol }) => protocol === 1 },
  syn: { tcpdump: 'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn', matches: isSyn },
  synack: {
    tcpdump: 'tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)',
    matches: (headers) => hasFlags(headers, SYN | ACK, SYN | ACK)
  },
  rst: { tcpdump: 'tcp[tcpflags] & tcp-rst != 0', matches: (headers) => hasFlags(headers, RST, RST) },
  mirai: {
    tcpdump: 'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn and tcp[4:4] == ip[16:4]',
    matches: (headers) => isIpv4(headers) && isSyn(headers) && headers.tcp_seq === word(headers.dst!)
  },
  zmap: { tcpdump: 'ip[4:2] == 54321', matches: ({ ip_id }) => ip_id === ZMAP_ID },
  masscan: {
    tcpdump: 'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn and ip[4:2] == ((ip[18:2] ^ tcp[2:2]) ^ tcp[6:2])',
    matches: (headers) => {
      const { dst, dst_port, tcp_seq, ip_id } = headers
      if (!isIpv4(headers) || !isSyn(headers)) return false
      return ((word(dst!) ^ dst_port! ^ tcp_seq!) & 0xffff) === ip_id
    }
  }
} as const satisfies Record<string, HeaderFilter>

/** The filters that are tags of the same name. */
export const TAG_FILTERS = ['mirai', 'zmap', 'masscan'] as const

/** Of a packet, which has a source. */
export function isIpv4({ src }: Headers): boolean {
  return !src!.includes(':')
}

function isSyn(headers: Headers): boolean {
  return hasFlags(headers, SYN | ACK, SYN)
}

function hasFlags(headers: Headers, mask: number, flags: number): boolean {
  return headers.tcp_flags !== null && (headers.tcp_flags & mask) === flags
}

/** An IPv4 address as a number. */
function word(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}
