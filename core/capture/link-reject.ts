// The answers of the link layer that are no offset: -(1 + index in FRAME_REJECT_REASONS).
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../packets/reject-reason.ts'

/** The frame holds no IPv4 or IPv6 packet. */
export const NOT_IP: number = answerOf('not-ip')
/** The frame's link type is not decoded. */
export const LINK_TYPE_UNSUPPORTED: number = answerOf('link-type-unsupported')
/** The captured bytes end inside the link-layer header. */
export const LINK_HEADER_CUT_SHORT: number = answerOf('link-header-cut-short')
const IP_VERSION = answerOf('ip-version')

/**
 * Offset `at`, where the link layer announces an IP packet of this version, or `ip-version` where the first byte says
 * otherwise. Where there is no first byte the header decoder has to tell: it is not the link header that is cut short.
 */
export function announced(bytes: Uint8Array, at: number, end: number, version: 4 | 6): number {
  return at < end && bytes[at]! >> 4 !== version ? IP_VERSION : at
}

function answerOf(reason: FrameRejectReason): number {
  return -1 - FRAME_REJECT_REASONS.indexOf(reason)
}
