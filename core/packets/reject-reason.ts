// Why a frame or a batch could not be used. Closed: everything that is dropped is counted under one of these.

/** Reasons for one frame. Its index in this list is its number in hot code; only append. */
export const FRAME_REJECT_REASONS = [
  'not-ip',
  'link-type-unsupported',
  'link-header-cut-short',
  'time-out-of-range',
  'ip-header-cut-short',
  'ip-version',
  'ip-header-length',
  'ip-total-length',
  'ipv6-extension-cut-short',
  'missing-frames',
  'clock',
  'other'
] as const

/** Why one frame is no packet. */
export type FrameRejectReason = (typeof FRAME_REJECT_REASONS)[number]

/** Reasons for a whole raw batch (a Kafka message), whatever its frames are. */
export const BATCH_REJECT_REASONS = [
  'not-avro',
  'unknown-schema',
  'over-bounds',
  'number-out-of-range',
  'name-missing',
  'name-differs',
  'name-reused',
  'closed',
  'unknown-sensor',
  'clock'
] as const

/** Why nothing of a batch was used. */
export type BatchRejectReason = (typeof BATCH_REJECT_REASONS)[number]

/** True for a reason that only a whole batch is rejected for; `clock` is a frame's too. */
export function isBatchRejectReason(text: string): boolean {
  const reasons: readonly string[] = BATCH_REJECT_REASONS
  return reasons.includes(text) && text !== 'clock'
}

/** Any reason; REJECT_REASON_DOCS says what each means. */
export type RejectReason = FrameRejectReason | BatchRejectReason

/** What each reason means, for `--help` and docs/rejections.md. */
export const REJECT_REASON_DOCS: Readonly<Record<RejectReason, string>> = {
  'not-ip': 'The frame holds no IPv4 or IPv6 packet (ARP, LLDP, 802.11 management and so on).',
  'link-type-unsupported': 'The frame was captured on a link type that is not decoded.',
  'link-header-cut-short': 'The frame ends inside its link-layer header.',
  'time-out-of-range': 'The capture time is outside 1970-2106 (seconds do not fit 32 bits unsigned).',
  'ip-header-cut-short': 'The captured bytes end inside the IP header.',
  'ip-version': 'The IP version nibble is neither 4 nor 6, or not the one that the link layer announced.',
  'ip-header-length': 'The IPv4 header length is under 20 bytes.',
  'ip-total-length': 'The IPv4 total length is under the header length, and not 0.',
  'ipv6-extension-cut-short': 'The captured bytes end inside an IPv6 extension header.',
  'missing-frames': 'The batch says that it holds more packets than its capture has.',
  'not-avro': 'The message is not Avro in the Confluent wire format.',
  'unknown-schema': 'The registry denies the schema id of the message.',
  'over-bounds': 'The batch holds more than 4,096 frames or 384 KiB.',
  'number-out-of-range': 'The batch number is outside 1..2^31.',
  'name-missing': 'The message has no readable name, neither in its headers nor in its value.',
  'name-differs': 'The name in the headers is not the name in the value.',
  'name-reused': 'The name was seen before with other contents.',
  closed:
    'The batch came after its number was closed as dropped or lost; its frames are in the ledger as that.',
  'unknown-sensor': 'The sensor id is not in sensors.yaml.',
  clock: 'The sensor clock is more than an hour ahead of the broker, or a packet is far from its batch.',
  other: 'A newer version rejected it for a reason that this version does not know.'
}

/**
 * The reason of that name. A newer sensor or tagger may have reasons that this version does not know: those are one
 * reason here, so that what they stand on is counted all the same.
 */
export function knownReason(text: string): RejectReason {
  return Object.hasOwn(REJECT_REASON_DOCS, text) ? (text as RejectReason) : 'other'
}

/** The same for one frame. */
export function knownFrameReason(text: string): FrameRejectReason {
  return FRAME_REJECT_REASONS.find((reason) => reason === text) ?? 'other'
}
