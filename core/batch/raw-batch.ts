// What a sensor sends: packet headers as a capture that any tool opens, and the frames that it refused.
import type { FrameRejectReason } from '../packets/reject-reason.ts'
import type { BatchName } from './name.ts'

/**
 * Bounds of a batch, kept before it is numbered, so that its enriched form stays under 1 MiB: frames, refused
 * ones included.
 */
export const MAX_BATCH_FRAMES = 4096
/** Bytes of headers and of refused frames together, in one batch. */
export const MAX_BATCH_BYTES = 384 * 1024

/** Bytes of a refused frame that are kept. */
export const REFUSED_BYTES = 64

/**
 * A frame that the sensor could not use: no IP packet, a link type that is not decoded, or a time outside 1970-2106.
 */
export interface RefusedFrame {
  /** 1-based in its file; 0 from a live interface. */
  readonly frame: number
  /** LINKTYPE_ number of its interface. */
  readonly linkType: number
  readonly reason: FrameRejectReason
  /** At most the first 64 bytes. */
  readonly bytes: Uint8Array
  /** Length on the wire. */
  readonly lengthBytes: number
}

/** The most losses that one batch declares; more of them are left to the next batches. */
export const MAX_DECLARED_LOSSES = 128

/** What a sensor declares never to send (design: names, and the spool's drops). */
export interface DeclaredLoss {
  readonly epoch: string
  readonly lane: number
  /** First and last batch number of the loss; for the end of an epoch, `from` is its last number + 1 and `to` is 0. */
  readonly from: number
  readonly to: number
  /** Frames in it; for the end of an epoch the lane's frame total. */
  readonly frames: number
  readonly kind: 'epoch-end' | 'spool-drop'
}

/** One batch of one sensor's packets, as on topic packets.raw. */
export interface RawBatch {
  readonly name: BatchName
  /** SHA-256 (hex) of the contents; see digestOf. Equal names must have equal digests. */
  readonly digest: string
  readonly epochStartedMs: number
  /** The sensor's clock when the batch was closed; for a file the time of its last packet. */
  readonly closedAtMs: number
  /** Packets in `capture`. */
  readonly packets: number
  /** Frames (packets and refused) of this lane before this batch. */
  readonly framesBefore: number
  /** Packets that the kernel dropped since the epoch began. */
  readonly kernelDrops: number
  readonly declaredLosses: readonly DeclaredLoss[]
  /** A complete classic pcap file: nanoseconds, little-endian, LINKTYPE_RAW (101), headers only. */
  readonly capture: Uint8Array
  /** The capture file's name, null where live. */
  readonly file: string | null
  /** Frame number of each packet of `capture`, 1-based; empty where live. */
  readonly frames: readonly number[] | Float64Array
  readonly refused: readonly RefusedFrame[]
}
