// Walks the outermost IP header to where the transport header begins. The decoder and the sensor's cut use
// this one walk, so that what a sensor keeps always decodes as the whole packet would.
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../packets/reject-reason.ts'
import { PROTOCOL } from './protocols.ts'

/** Mask of the fragment offset in the layout of IPv4 bytes 6-7. */
export const FRAGMENT_OFFSET_MASK = 0x1fff

/** "More fragments" in the layout of IPv4 bytes 6-7. */
export const MORE_FRAGMENTS = 0x2000

const IPV4_FIXED_BYTES = 20
const IPV6_FIXED_BYTES = 40
const FRAGMENT_HEADER_BYTES = 8
const IPV6_OPTION = { pad1: 0, jumbo: 0xc2 } as const
/** Type, length, and four bytes of payload length. */
const JUMBO_OPTION_BYTES = 6

/** Where a transport header lies. One object is reused for all packets: nothing is allocated for each. */
export class TransportSpan {
  /** IPv4 protocol, or the first header after the IPv6 extension headers. */
  protocol = 0
  /** Fragment flags and offset in the layout of IPv4 bytes 6-7; 0 for IPv6 without a fragment header. */
  fragment = 0
  /** Index of the first byte after the IP header with its options or extension headers. */
  start = 0
  /** Where its bytes end: the captured end or the end by the IP length, whichever comes first. */
  capturedEnd = 0
  /** Where it ends by the IP length, which may lie past the captured bytes. */
  packetEnd = 0
}

const rejected = (reason: FrameRejectReason): number => 1 + FRAME_REJECT_REASONS.indexOf(reason)

const IP_HEADER_CUT_SHORT = rejected('ip-header-cut-short')
const IP_VERSION = rejected('ip-version')
const IP_HEADER_LENGTH = rejected('ip-header-length')
const IP_TOTAL_LENGTH = rejected('ip-total-length')
const IPV6_EXTENSION_CUT_SHORT = rejected('ipv6-extension-cut-short')

/**
 * Fills `span` from the IP packet in bytes[start, end) and answers 0, or 1 + the reason's index in
 * FRAME_REJECT_REASONS, with `span` then undefined. Reads nothing outside [start, end) and never throws.
 */
export function locateTransport(bytes: Uint8Array, start: number, end: number, span: TransportSpan): number {
  if (start >= end) return IP_HEADER_CUT_SHORT
  const version = bytes[start]! >> 4
  if (version === 4) return locateInIpv4(bytes, start, end, span)
  if (version === 6) return locateInIpv6(bytes, start, end, span)
  return IP_VERSION
}

/**
 * The checks that need the fixed header come before the one that needs its options: 20 bytes decide all but
 * that one.
 */
function locateInIpv4(bytes: Uint8Array, start: number, end: number, span: TransportSpan): number {
  const headerBytes = (bytes[start]! & 0x0f) << 2
  if (headerBytes < IPV4_FIXED_BYTES) return IP_HEADER_LENGTH
  if (end - start < IPV4_FIXED_BYTES) return IP_HEADER_CUT_SHORT
  const totalLength = (bytes[start + 2]! << 8) | bytes[start + 3]!
  if (totalLength !== 0 && totalLength < headerBytes) return IP_TOTAL_LENGTH
  if (end - start < headerBytes) return IP_HEADER_CUT_SHORT
  span.protocol = bytes[start + 9]!
  span.fragment = (bytes[start + 6]! << 8) | bytes[start + 7]!
  span.start = start + headerBytes
  // A capture on the sending host shows length 0 where the network card segments: the captured bytes decide.
  const packetEnd = totalLength === 0 ? end : start + totalLength
  span.packetEnd = packetEnd
  span.capturedEnd = Math.min(packetEnd, end)
  return 0
}

function locateInIpv6(bytes: Uint8Array, start: number, end: number, span: TransportSpan): number {
  if (end - start < IPV6_FIXED_BYTES) return IP_HEADER_CUT_SHORT
  const payloadLength = (bytes[start + 4]! << 8) | bytes[start + 5]!
  const protocol = bytes[start + 6]!
  const isJumbo =
    payloadLength === 0 &&
    protocol === PROTOCOL.hopByHop &&
    hasJumboOption(bytes, start + IPV6_FIXED_BYTES, end)
  const packetEnd = isJumbo ? end : start + IPV6_FIXED_BYTES + payloadLength
  span.protocol = protocol
  span.fragment = 0
  span.start = start + IPV6_FIXED_BYTES
  span.packetEnd = packetEnd
  span.capturedEnd = Math.min(packetEnd, end)
  return isExtensionHeader(protocol) ? walkExtensionHeaders(bytes, span) : 0
}

/**
 * Whether the hop-by-hop options header at `at` has the option of a jumbogram, which has payload length 0 and its real
 * length there (RFC 2675). Without it the packet ends where its length says, before that header.
 */
function hasJumboOption(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 2 > end) return false
  const optionsEnd = Math.min(end, at + ((bytes[at + 1]! + 1) << 3))
  for (let option = at + 2; option + JUMBO_OPTION_BYTES <= optionsEnd; ) {
    if (bytes[option] === IPV6_OPTION.jumbo) return true
    option += bytes[option] === IPV6_OPTION.pad1 ? 1 : 2 + bytes[option + 1]!
  }
  return false
}

/**
 * RFC 8200 section 4: each header begins with the number of the next one and its own length in 8-byte units
 * without the first (AH: 4-byte units less 2; Fragment: always 8 bytes). Every step moves on by at least 8
 * bytes, so the captured bytes bound the walk. After the header of a later fragment comes payload: the walk
 * ends.
 */
function walkExtensionHeaders(bytes: Uint8Array, span: TransportSpan): number {
  let protocol = span.protocol
  let at = span.start
  while (isExtensionHeader(protocol)) {
    if (span.capturedEnd - at < FRAGMENT_HEADER_BYTES) return IPV6_EXTENSION_CUT_SHORT
    const next = bytes[at]!
    if (protocol === PROTOCOL.fragment) {
      const word = (bytes[at + 2]! << 8) | bytes[at + 3]!
      const fragment = (word >> 3) | ((word & 1) === 1 ? MORE_FRAGMENTS : 0)
      if (fragment !== 0) span.fragment = fragment
      at += FRAGMENT_HEADER_BYTES
    } else {
      at += protocol === PROTOCOL.ah ? (bytes[at + 1]! + 2) << 2 : (bytes[at + 1]! + 1) << 3
      if (at > span.capturedEnd) return IPV6_EXTENSION_CUT_SHORT
    }
    protocol = next
    if ((span.fragment & FRAGMENT_OFFSET_MASK) !== 0) break
  }
  span.protocol = protocol
  span.start = at
  return 0
}

/** ESP (50) and "no next header" (59) are no extension headers here: nothing readable follows them. */
function isExtensionHeader(protocol: number): boolean {
  switch (protocol) {
    case PROTOCOL.hopByHop:
    case PROTOCOL.routing:
    case PROTOCOL.fragment:
    case PROTOCOL.ah:
    case PROTOCOL.destinationOptions:
    case PROTOCOL.mobility:
    case PROTOCOL.hip:
    case PROTOCOL.shim6:
      return true
    default:
      return false
  }
}
