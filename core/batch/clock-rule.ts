// The clock rule of live batches: how far a packet's time may be from when its batch was closed. Runs have none.
import type { RawBatch } from './raw-batch.ts'

/** A packet further ahead of its batch's closed-at than this is rejected as `clock`. */
export const MAX_PACKET_AHEAD_MS = 3_600_000
/** A packet further behind its batch's closed-at than this is rejected as `clock`. */
export const MAX_PACKET_BEHIND_MS = 7 * 86_400_000

const PCAP_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
const CAPTURED_LENGTH_OFFSET = 8

/** How many packets of a batch that was made here a tagger of the live topics will reject for their time. */
export function packetsOutsideClock({ capture, closedAtMs }: RawBatch): number {
  const view = new DataView(capture.buffer, capture.byteOffset, capture.byteLength)
  let outside = 0
  for (let at = PCAP_HEADER_BYTES; at + RECORD_HEADER_BYTES <= capture.length; ) {
    const timeMs = view.getUint32(at, true) * 1000
    if (timeMs > closedAtMs + MAX_PACKET_AHEAD_MS || timeMs < closedAtMs - MAX_PACKET_BEHIND_MS) outside += 1
    at += RECORD_HEADER_BYTES + view.getUint32(at + CAPTURED_LENGTH_OFFSET, true)
  }
  return outside
}
