// Finds the IP packet in a captured frame. What each link type looks like: https://www.tcpdump.org/linktypes.html.
import {
  ETHERNET_HEADER_BYTES,
  locateBehindEtherType,
  locateByEtherType,
  locateUnderLlc,
  locateUnderPpp,
  locateUnderPppoe
} from './ether-type.ts'
import { locateInIeee80211, locateUnderRadiotap } from './ieee80211.ts'
import { announced, LINK_HEADER_CUT_SHORT, LINK_TYPE_UNSUPPORTED, NOT_IP } from './link-reject.ts'
import { LINK_TYPE } from './link-types.ts'

export { isDecodableLinkType, linkTypeName } from './link-types.ts'

const LOOPBACK_HEADER_BYTES = 4
/** Address families of IRIX and UNICOS/mp are looked for below this. */
const END_OF_SHORT_FAMILIES = 6
const FIRST_ETHER_TYPE = 0x0600
const AF_INET = 2
/** AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, and macOS. */
const AF_INET6: readonly number[] = [10, 23, 24, 28, 30]

/**
 * Offset in `bytes` of the outermost IP header of the frame bytes[start..end) of LINKTYPE_ number `linkType`, or
 * -(1 + index in FRAME_REJECT_REASONS): `not-ip`, `link-type-unsupported`, `link-header-cut-short`, or `ip-version`
 * where the link layer announces the other IP version. The offset may be `end`: then no byte of the packet is there.
 */
export function locateIp(bytes: Uint8Array, start: number, end: number, linkType: number): number {
  switch (linkType) {
    case LINK_TYPE.ETHERNET:
      return locateBehindEtherType(bytes, start + ETHERNET_HEADER_BYTES, end)
    case LINK_TYPE.RAW:
    case LINK_TYPE.RAW_DLT:
    case LINK_TYPE.RAW_DLT_OPENBSD:
      return start
    case LINK_TYPE.IPV4:
      return announced(bytes, start, end, 4)
    case LINK_TYPE.IPV6:
      return announced(bytes, start, end, 6)
    case LINK_TYPE.LINUX_SLL:
      return locateUnderCooked(bytes, start, end, SLL)
    case LINK_TYPE.LINUX_SLL2:
      return locateUnderCooked(bytes, start, end, SLL2)
    case LINK_TYPE.NULL:
      return locateUnderNull(bytes, start, end)
    case LINK_TYPE.LOOP:
      return locateUnderLoop(bytes, start, end)
    case LINK_TYPE.PPP:
    case LINK_TYPE.PPP_HDLC:
      return locateUnderPppFraming(bytes, start, end)
    case LINK_TYPE.PPP_ETHER:
      return locateUnderPppoe(bytes, start, end)
    case LINK_TYPE.C_HDLC:
      return locateUnderCiscoHdlc(bytes, start, end)
    case LINK_TYPE.NFLOG:
      return locateUnderNflog(bytes, start, end)
    case LINK_TYPE.IEEE802_11:
      return locateInIeee80211(bytes, start, end, false)
    case LINK_TYPE.IEEE802_11_RADIOTAP:
      return locateUnderRadiotap(bytes, start, end)
    default:
      return LINK_TYPE_UNSUPPORTED
  }
}

/** Four bytes of address family, in network order or, as tcpdump takes it too, in the other. */
function locateUnderLoop(bytes: Uint8Array, start: number, end: number): number {
  if (start + LOOPBACK_HEADER_BYTES > end) return LINK_HEADER_CUT_SHORT
  if (bytes[start + 1] !== 0 || bytes[start + 2] !== 0) return NOT_IP
  const first = bytes[start]!
  const last = bytes[start + 3]!
  return first !== 0 && last !== 0 ? NOT_IP : locateByFamily(bytes, first | last, start, end)
}

/**
 * Four bytes of address family in the byte order of the machine that captured. As in tshark, an EtherType may stand in
 * its place, and PPP with address and control bytes.
 */
function locateUnderNull(bytes: Uint8Array, start: number, end: number): number {
  if (start + LOOPBACK_HEADER_BYTES > end) return LINK_HEADER_CUT_SHORT
  if (bytes[start] === 0xff && bytes[start + 1] === 0x03) return locateUnderPpp(bytes, start + 2, end)
  const family = nullFamily(bytes, start)
  if (family < FIRST_ETHER_TYPE) return locateByFamily(bytes, family, start, end)
  const etherType = family & 0xffff
  if (etherType < FIRST_ETHER_TYPE) return NOT_IP
  return locateByEtherType(bytes, etherType, start + LOOPBACK_HEADER_BYTES, end)
}

/** The family in the byte order that makes it a small number. IRIX and UNICOS/mp write it in half of the four bytes. */
function nullFamily(bytes: Uint8Array, at: number): number {
  const low = uint16(bytes, at + 2)
  if (low === 0) {
    const high = uint16(bytes, at)
    return high < END_OF_SHORT_FAMILIES ? high : (bytes[at + 1]! << 8) | bytes[at]!
  }
  const isShort = bytes[at + 3] === 0 && bytes[at + 2]! < END_OF_SHORT_FAMILIES
  return isShort ? bytes[at + 2]! : uint16(bytes, at) * 0x10000 + low
}

/** Locates the IP packet behind four bytes of this address family. */
function locateByFamily(bytes: Uint8Array, family: number, start: number, end: number): number {
  const at = start + LOOPBACK_HEADER_BYTES
  if (family === AF_INET) return announced(bytes, at, end, 4)
  return AF_INET6.includes(family) ? announced(bytes, at, end, 6) : NOT_IP
}

/**
 * PPP with or without the address and control bytes of HDLC-like framing, or Cisco HDLC: the address byte tells, since
 * none is a protocol number's first byte that leads to IP. The control byte is not looked at, as in tshark.
 */
function locateUnderPppFraming(bytes: Uint8Array, start: number, end: number): number {
  if (start + 2 > end) return LINK_HEADER_CUT_SHORT
  const address = bytes[start]
  if (address === 0xff) return locateUnderPpp(bytes, start + 2, end)
  if (address === 0x0f || address === 0x8f) return locateUnderCiscoHdlc(bytes, start, end)
  return locateUnderPpp(bytes, start, end)
}

/** Address and control bytes, then an EtherType; low numbers are Cisco's own protocols, not lengths. */
function locateUnderCiscoHdlc(bytes: Uint8Array, start: number, end: number): number {
  if (start + 4 > end) return LINK_HEADER_CUT_SHORT
  return bytes[start + 2]! < 0x06 ? NOT_IP : locateBehindEtherType(bytes, start + 4, end)
}

const SLL = { deviceTypeAt: 2, protocolAt: 14, headerBytes: 16 } as const
const SLL2 = { deviceTypeAt: 8, protocolAt: 0, headerBytes: 20 } as const
/** Device types (ARPHRD_) whose packets are not what the protocol field says. */
const DEVICE = { radiotap: 803, netlink: 824 } as const
/** Protocol field of a frame with an LLC header; other small numbers are no Ethernet lengths either. */
const PROTOCOL_LLC = 4

/** Linux cooked capture, version 1 and 2: the protocol field is an EtherType for all devices that can carry IP. */
function locateUnderCooked(
  bytes: Uint8Array,
  start: number,
  end: number,
  layout: typeof SLL | typeof SLL2
): number {
  const at = start + layout.headerBytes
  if (at > end) return LINK_HEADER_CUT_SHORT
  const deviceType = uint16(bytes, start + layout.deviceTypeAt)
  const protocol = uint16(bytes, start + layout.protocolAt)
  if (deviceType === DEVICE.netlink) return NOT_IP
  if (deviceType === DEVICE.radiotap) return locateUnderRadiotap(bytes, at, end)
  if (protocol >= FIRST_ETHER_TYPE) return locateByEtherType(bytes, protocol, at, end)
  return protocol === PROTOCOL_LLC ? locateUnderLlc(bytes, at, end) : NOT_IP
}

const NFLOG_HEADER_BYTES = 4
const NFLOG_AF_INET6 = 10
const NFULA_PAYLOAD = 9

/** Netfilter log: address family, version and resource, then attributes, one of which is the packet. */
function locateUnderNflog(bytes: Uint8Array, start: number, end: number): number {
  if (start + NFLOG_HEADER_BYTES > end) return LINK_HEADER_CUT_SHORT
  const family = bytes[start]
  if (family !== AF_INET && family !== NFLOG_AF_INET6) return NOT_IP
  // Attributes are in the byte order of the machine that captured; the first one's type, below 256, tells which.
  const first = start + NFLOG_HEADER_BYTES
  if (first + 4 > end) return LINK_HEADER_CUT_SHORT
  const low = bytes[first + 2] === 0 ? 1 : 0
  for (let at = first; at + 4 <= end; ) {
    const lengthBytes = bytes[at + low]! | (bytes[at + 1 - low]! << 8)
    const type = (bytes[at + 2 + low]! | (bytes[at + 3 - low]! << 8)) & 0x7fff
    if (type === NFULA_PAYLOAD) return announced(bytes, at + 4, end, family === AF_INET ? 4 : 6)
    if (lengthBytes < 4) return NOT_IP
    at += lengthBytes + (-lengthBytes & 3)
  }
  return NOT_IP
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}
