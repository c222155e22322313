// What follows an EtherType or a PPP protocol number, through any stack of tags, labels and sessions, to an IP packet.
import { announced, LINK_HEADER_CUT_SHORT, NOT_IP } from './link-reject.ts'

const ETHER_TYPE = {
  ipv4: 0x0800,
  ipv6: 0x86dd,
  vlan: 0x8100,
  providerVlan: 0x88a8,
  oldProviderVlan: 0x9100,
  /** I-TAG of IEEE 802.1ah, E-TAG of IEEE 802.1BR, and three of Cisco's: VN-Tag, security group tag and FabricPath. */
  serviceTag: 0x88e7,
  portTag: 0x893f,
  vnTag: 0x8926,
  groupTag: 0x8909,
  fabricPath: 0x8903,
  macsec: 0x88e5,
  serviceChain: 0x894f,
  mpls: 0x8847,
  mplsUpstream: 0x8848,
  pppoeSession: 0x8864
} as const

const TYPE_BYTES = 2
/** Two addresses and a type. */
export const ETHERNET_HEADER_BYTES: number = 12 + TYPE_BYTES
/** The largest value of an Ethernet type field that is a length (IEEE 802.3). */
const MAX_LENGTH_FIELD = 1500
const ANY_LENGTH = 0
const PPP_PROTOCOL = { ipv4: 0x0021, ipv6: 0x0057, mpls: 0x0281, mplsUpstream: 0x0283 } as const
const PPPOE_HEADER_BYTES = 6
/** SecTAG of MACsec (IEEE 802.1AE): of its first byte, encrypted or changed text, and an explicit channel. */
const MACSEC = { changed: 0x0c, channel: 0x20, headerBytes: 6, channelBytes: 8 } as const
/** What a network service header says that it carries (RFC 8300). */
const CHAINED = { ipv4: 1, ipv6: 2, ethernet: 3, mpls: 5 } as const
/** LLC of SNAP (both service points 0xAA, unnumbered information) and of IP itself (RFC 948). */
const LLC_SNAP_SAP = 0xaa
const LLC_IP_SAP = 0x06
const LLC_UNNUMBERED_INFORMATION = 0x03
const LLC_BYTES = 3
/** With SNAP's organisation and EtherType. */
const LLC_SNAP_BYTES = 8

/**
 * Locates the IP packet in what starts at `at`, behind the EtherType (or IEEE 802.3 length) whose two bytes are before
 * it.
 */
export function locateBehindEtherType(bytes: Uint8Array, at: number, end: number): number {
  return at > end
    ? LINK_HEADER_CUT_SHORT
    : locateByEtherType(bytes, (bytes[at - 2]! << 8) | bytes[at - 1]!, at, end)
}

/**
 * Locates the IP packet in what starts at `at` and is of this EtherType, or an LLC header where it is a length. A loop,
 * not a recursion: a frame may stack as many headers as it has room for, and must not use up the call stack.
 */
export function locateByEtherType(bytes: Uint8Array, etherType: number, at: number, end: number): number {
  for (;;) {
    switch (etherType) {
      case ETHER_TYPE.ipv4:
        return announced(bytes, at, end, 4)
      case ETHER_TYPE.ipv6:
        return announced(bytes, at, end, 6)
      case ETHER_TYPE.vlan:
      case ETHER_TYPE.providerVlan:
      case ETHER_TYPE.oldProviderVlan:
        // Two bytes of priority and VLAN, then the next type.
        at += 2 + TYPE_BYTES
        break
      case ETHER_TYPE.vnTag:
        at += 4 + TYPE_BYTES
        break
      case ETHER_TYPE.portTag:
      case ETHER_TYPE.groupTag:
        at += 6 + TYPE_BYTES
        break
      case ETHER_TYPE.serviceTag:
        // Priority and service, then the frame that is carried.
        at += 4 + ETHERNET_HEADER_BYTES
        break
      case ETHER_TYPE.fabricPath:
        // Forwarding tag and hops, then the frame that is carried.
        at += 2 + ETHERNET_HEADER_BYTES
        break
      case ETHER_TYPE.macsec:
        if (at >= end) return LINK_HEADER_CUT_SHORT
        if ((bytes[at]! & MACSEC.changed) !== 0) return NOT_IP
        at +=
          MACSEC.headerBytes + ((bytes[at]! & MACSEC.channel) !== 0 ? MACSEC.channelBytes : 0) + TYPE_BYTES
        break
      case ETHER_TYPE.serviceChain: {
        if (at + 4 > end) return LINK_HEADER_CUT_SHORT
        const carried = bytes[at + 3]
        at += (bytes[at + 1]! & 0x3f) << 2
        if (carried !== CHAINED.ethernet) return locateChained(bytes, carried!, at, end)
        at += ETHERNET_HEADER_BYTES
        break
      }
      case ETHER_TYPE.mpls:
      case ETHER_TYPE.mplsUpstream:
        return locateUnderMpls(bytes, at, end)
      case ETHER_TYPE.pppoeSession:
        return locateUnderPppoe(bytes, at, end)
      default: {
        if (etherType > MAX_LENGTH_FIELD) return NOT_IP
        const rejected = checkLlc(bytes, at, end)
        if (rejected !== 0) return rejected
        if (bytes[at] === LLC_IP_SAP) return announced(bytes, at + LLC_BYTES, end, 4)
        at += LLC_SNAP_BYTES
        // An EtherType, never a length: a second LLC header cannot follow.
        if (bytes[at - 2]! < 0x06) return NOT_IP
      }
    }
    if (at > end) return LINK_HEADER_CUT_SHORT
    etherType = (bytes[at - 2]! << 8) | bytes[at - 1]!
  }
}

/** Locates the IP packet behind the LLC header at `at` (IEEE 802.2; SNAP with an EtherType). */
export function locateUnderLlc(bytes: Uint8Array, at: number, end: number): number {
  return locateByEtherType(bytes, ANY_LENGTH, at, end)
}

/** Locates the IP packet at `at`, behind a network service header (RFC 8300) that says what it carries. */
function locateChained(bytes: Uint8Array, carried: number, at: number, end: number): number {
  if (at > end) return LINK_HEADER_CUT_SHORT
  switch (carried) {
    case CHAINED.ipv4:
      return announced(bytes, at, end, 4)
    case CHAINED.ipv6:
      return announced(bytes, at, end, 6)
    case CHAINED.mpls:
      return locateUnderMpls(bytes, at, end)
    default:
      return NOT_IP
  }
}

/** 0 where the LLC header at `at` leads to IP or to an EtherType, else the answer. */
function checkLlc(bytes: Uint8Array, at: number, end: number): number {
  if (at + LLC_BYTES > end) return LINK_HEADER_CUT_SHORT
  const sap = bytes[at]!
  if (bytes[at + 1] !== sap || bytes[at + 2] !== LLC_UNNUMBERED_INFORMATION) return NOT_IP
  if (sap === LLC_IP_SAP) return 0
  if (sap !== LLC_SNAP_SAP) return NOT_IP
  if (at + LLC_SNAP_BYTES > end) return LINK_HEADER_CUT_SHORT
  // Organisation 0 is Ethernet (RFC 1042), 0x0000F8 is IEEE 802.1H; others number their protocols themselves.
  const organisation = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!
  return organisation === 0 || organisation === 0x0000f8 ? 0 : NOT_IP
}

/**
 * Locates the IP packet behind the PPPoE session header at `at` (RFC 2516). What a session carries is PPP whatever the
 * header's version, code and length say: a packet that is there is read, as tshark does.
 */
export function locateUnderPppoe(bytes: Uint8Array, at: number, end: number): number {
  return at + PPPOE_HEADER_BYTES > end
    ? LINK_HEADER_CUT_SHORT
    : locateUnderPpp(bytes, at + PPPOE_HEADER_BYTES, end)
}

/** Locates the IP packet behind the PPP protocol number at `at`, which may be compressed to one byte (RFC 1661). */
export function locateUnderPpp(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return LINK_HEADER_CUT_SHORT
  let protocol = bytes[at]!
  let next = at + 1
  const isCompressed = (protocol & 1) === 1
  if (!isCompressed) {
    if (next >= end) return LINK_HEADER_CUT_SHORT
    protocol = (protocol << 8) | bytes[next]!
    next += 1
  }
  switch (protocol) {
    case PPP_PROTOCOL.ipv4:
      return announced(bytes, next, end, 4)
    case PPP_PROTOCOL.ipv6:
      return announced(bytes, next, end, 6)
    case PPP_PROTOCOL.mpls:
    case PPP_PROTOCOL.mplsUpstream:
      return locateUnderMpls(bytes, next, end)
    default:
      return NOT_IP
  }
}

/**
 * Locates the IP packet under the labels at `at`. Nothing there says what follows but its first four bits (RFC 4928).
 */
function locateUnderMpls(bytes: Uint8Array, at: number, end: number): number {
  for (; at + 4 <= end; at += 4) {
    const isBottom = (bytes[at + 2]! & 1) === 1
    if (!isBottom) continue
    const next = at + 4
    if (next >= end) return LINK_HEADER_CUT_SHORT
    const version = bytes[next]! >> 4
    return version === 4 || version === 6 ? next : NOT_IP
  }
  return LINK_HEADER_CUT_SHORT
}
