// IEEE 802.11 data frames, with and without a radiotap header (https://www.radiotap.org), to an IP packet.
import { locateUnderLlc } from './ether-type.ts'
import { LINK_HEADER_CUT_SHORT, NOT_IP } from './link-reject.ts'

/** Bits of the two bytes of frame control, the first byte low. */
const CONTROL = { version: 0x0003, toDs: 0x0100, fromDs: 0x0200, protected: 0x4000, order: 0x8000 } as const
const TYPE_DATA = 2
/** Bits of the subtype of a data frame. */
const SUBTYPE = { noData: 4, qos: 8 } as const
const HEADER_BYTES = 24
const FOURTH_ADDRESS_BYTES = 6
const QOS_BYTES = 2
const HT_CONTROL_BYTES = 4
const QOS_AMSDU_PRESENT = 0x80
const AMSDU_SUBFRAME_HEADER_BYTES = 14

const RADIOTAP_HEADER_BYTES = 8
const RADIOTAP_PRESENT = { timer: 0x1, flags: 0x2, more: 0x8000_0000 } as const
const RADIOTAP_FLAG_DATA_PAD = 0x20

/**
 * Locates the IP packet in the 802.11 frame at `at`. Encrypted frames, later fragments, frames without data and
 * frames of another version are `not-ip`. `isPadded`: the header is followed by padding to a multiple of four bytes, as
 * some drivers do.
 */
export function locateInIeee80211(bytes: Uint8Array, at: number, end: number, isPadded: boolean): number {
  if (at + 2 > end) return LINK_HEADER_CUT_SHORT
  const control = bytes[at]! | (bytes[at + 1]! << 8)
  const subtype = (control >> 4) & 0xf
  // Version 1 (802.11ah) has headers of its own.
  if ((control & CONTROL.version) !== 0) return NOT_IP
  if (((control >> 2) & 3) !== TYPE_DATA || (subtype & SUBTYPE.noData) !== 0) return NOT_IP
  if ((control & CONTROL.protected) !== 0) return NOT_IP

  let headerBytes = HEADER_BYTES
  const isRelayed = (control & CONTROL.toDs) !== 0 && (control & CONTROL.fromDs) !== 0
  if (isRelayed) headerBytes += FOURTH_ADDRESS_BYTES
  const qosAt = at + headerBytes
  const isQos = (subtype & SUBTYPE.qos) !== 0
  if (isQos) headerBytes += QOS_BYTES
  if (isQos && (control & CONTROL.order) !== 0) headerBytes += HT_CONTROL_BYTES
  if (isPadded) headerBytes += -headerBytes & 3
  if (at + headerBytes > end) return LINK_HEADER_CUT_SHORT

  const isLaterFragment = (bytes[at + 22]! & 0xf) !== 0
  if (isLaterFragment) return NOT_IP
  // An aggregate of several packets is one frame, and the first packet stands for it.
  const isAggregate = isQos && (bytes[qosAt]! & QOS_AMSDU_PRESENT) !== 0
  return locateUnderLlc(bytes, at + headerBytes + (isAggregate ? AMSDU_SUBFRAME_HEADER_BYTES : 0), end)
}

/** Locates the IP packet in the 802.11 frame behind the radiotap header at `at`, whatever version that says. */
export function locateUnderRadiotap(bytes: Uint8Array, at: number, end: number): number {
  if (at + RADIOTAP_HEADER_BYTES > end) return LINK_HEADER_CUT_SHORT
  const headerBytes = bytes[at + 2]! | (bytes[at + 3]! << 8)
  if (headerBytes < RADIOTAP_HEADER_BYTES) return NOT_IP
  if (at + headerBytes > end) return LINK_HEADER_CUT_SHORT
  const isPadded = (radiotapFlags(bytes, at, at + headerBytes) & RADIOTAP_FLAG_DATA_PAD) !== 0
  return locateInIeee80211(bytes, at + headerBytes, end, isPadded)
}

/** The flags field of the radiotap header bytes[start..end), 0 where it has none. */
function radiotapFlags(bytes: Uint8Array, start: number, end: number): number {
  const present = uint32(bytes, start + 4)
  if ((present & RADIOTAP_PRESENT.flags) === 0) return 0
  // The fields follow the last word of presence bits, each aligned to its size from the header's start.
  let at = start + 4
  while (at + 4 <= end && (uint32(bytes, at) & RADIOTAP_PRESENT.more) !== 0) at += 4
  at += 4
  if ((present & RADIOTAP_PRESENT.timer) !== 0) at += (-(at - start) & 7) + 8
  return at < end ? bytes[at]! : 0
}

function uint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
