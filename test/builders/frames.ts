// Frames made by hand, for tests of what comes after the capture reader.
import type { Frame } from '../../core/capture/frame.ts'

const LINKTYPE_RAW = 101

export interface SynOptions {
  readonly src?: readonly number[]
  readonly dst?: readonly number[]
  readonly dstPort?: number
  readonly seq?: number
  /** Bytes after the TCP header. */
  readonly payload?: Uint8Array
}

/** An IPv4 TCP SYN of 40 bytes and its payload. */
export function synPacket(options: SynOptions = {}): Uint8Array {
  const payload = options.payload ?? new Uint8Array(0)
  const bytes = new Uint8Array(40 + payload.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = 0x45
  view.setUint16(2, bytes.length)
  bytes[8] = 64
  bytes[9] = 6
  bytes.set(options.src ?? [192, 0, 2, 1], 12)
  bytes.set(options.dst ?? [203, 0, 113, 1], 16)
  view.setUint16(20, 40_000)
  view.setUint16(22, options.dstPort ?? 23)
  view.setUint32(24, options.seq ?? 1)
  bytes[32] = 0x50
  bytes[33] = 0x02
  bytes.set(payload, 40)
  return bytes
}

/** An IPv6 packet with no next header. */
export function ipv6Packet(): Uint8Array {
  const bytes = new Uint8Array(40)
  bytes[0] = 0x60
  bytes[6] = 59
  bytes[8] = 0x20
  bytes[24] = 0x20
  return bytes
}

/** A frame of link type RAW unless told otherwise, at this second. */
export function frameOf(
  bytes: Uint8Array,
  number: number,
  seconds = 1_655_000_000,
  linkType = LINKTYPE_RAW
): Frame {
  return {
    number,
    seconds,
    nanoseconds: 5,
    linkType,
    bytes,
    start: 0,
    end: bytes.length,
    wireLengthBytes: bytes.length
  }
}
