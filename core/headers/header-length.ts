// Where a sensor cuts a packet: the headers leave it, the payload never does.
import { ICMP_FIXED_BYTES, TCP_FIXED_BYTES, UDP_FIXED_BYTES } from './decode.ts'
import { FRAGMENT_OFFSET_MASK, locateTransport, TransportSpan } from './locate-transport.ts'
import { PROTOCOL } from './protocols.ts'

/** Kept of a packet whose IP header is bad: enough for decodePacket to give the same reason again. */
const BAD_IPV4_BYTES = 20
const BAD_IP_BYTES = 40

const span = new TransportSpan()

/**
 * How many bytes from `start` a sensor keeps of the IP packet in bytes[start, end): the IP header with
 * options or extension headers; of TCP the header with its options, of UDP, ICMP and ICMPv6 the first 8
 * bytes, of any other protocol and of later fragments nothing. TCP options are kept only where the data
 * offset can be true: where it is under 5 or past the end of the packet, the fixed 20 bytes are kept, since
 * what follows may be payload.
 *
 * decodePacket gives the same row, or the same rejection, on the kept bytes as on the whole packet.
 */
export function keptBytes(bytes: Uint8Array, start: number, end: number): number {
  if (locateTransport(bytes, start, end, span) !== 0) {
    const isIpv4 = start < end && bytes[start]! >> 4 === 4
    return Math.max(0, Math.min(end - start, isIpv4 ? BAD_IPV4_BYTES : BAD_IP_BYTES))
  }
  return span.start - start + Math.min(span.capturedEnd - span.start, transportHeaderBytes(bytes))
}

function transportHeaderBytes(bytes: Uint8Array): number {
  if ((span.fragment & FRAGMENT_OFFSET_MASK) !== 0) return 0
  switch (span.protocol) {
    case PROTOCOL.tcp:
      return tcpHeaderBytes(bytes)
    case PROTOCOL.udp:
      return UDP_FIXED_BYTES
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return ICMP_FIXED_BYTES
    default:
      return 0
  }
}

function tcpHeaderBytes(bytes: Uint8Array): number {
  if (span.capturedEnd - span.start < TCP_FIXED_BYTES) return TCP_FIXED_BYTES
  const headerBytes = (bytes[span.start + 12]! >> 4) << 2
  return span.start + headerBytes > span.packetEnd ? TCP_FIXED_BYTES : Math.max(headerBytes, TCP_FIXED_BYTES)
}
