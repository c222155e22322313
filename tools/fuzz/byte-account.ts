// Where every byte of a capture went, by a walk of its own that shares no code with the reader: each is header, packet,
// other block, or behind the damage that the reader named.
import { magnitude, type FeatureMap } from './feature-map.ts'
import type { ReadFrames } from './read-frames.ts'
import { BrokenPromise } from './target.ts'

/** Bytes of captures by what became of them. Their sum is the captures' size. */
export class ByteTotals {
  /** In frames. */
  frames = 0
  /** In file headers, record headers and the blocks around packets. */
  headers = 0
  /** In pcapng blocks without packets. */
  otherBlocks = 0
  /** From the damage on, which the reader named. */
  rejected = 0

  get sum(): number {
    return this.frames + this.headers + this.otherBlocks + this.rejected
  }
}

const PROMISE = 'every byte is accounted for'
const PCAP_HEADER_BYTES = 24
const PCAP_LINK_TYPE_AT = 20
const KUZNETZOV_MAGIC = 0xa1b2cd34
const SECTION = 0x0a0d0d0a
const PACKET_BLOCKS: readonly number[] = [2, 3, 6]
const MAX_CAPTURED_BYTES = 262_144

/**
 * Adds the bytes of the capture `view`, read as `frames` tells, to the totals. Throws BrokenPromise where a byte is
 * amiss.
 */
export function accountBytes(
  view: DataView,
  frames: ReadFrames,
  totals: ByteTotals,
  features: FeatureMap
): void {
  const damagedAt = offsetOf(frames.error)
  if (view.byteLength < 4 || frames.error?.code === 'SP_CAPTURE_UNKNOWN') {
    // Nothing was read: all of it is rejected.
    if (frames.count > 0 || damagedAt !== 0) throw broken(`${frames.count} frames of an unknown format`)
    totals.rejected += view.byteLength
    return
  }
  if (view.getUint32(0) === SECTION) accountPcapng(view, frames, damagedAt, totals, features)
  else accountPcap(view, frames, damagedAt, totals)
}

function accountPcap(view: DataView, frames: ReadFrames, damagedAt: number, totals: ByteTotals): void {
  const size = view.byteLength
  if (frames.count === 0 && (damagedAt === 0 || damagedAt === PCAP_LINK_TYPE_AT)) {
    totals.rejected += size
    return
  }
  const isLittleEndian = (view.getUint8(0) & 0xf0) !== 0xa0 || view.getUint8(1) !== 0xb2
  const magic = view.getUint32(0, isLittleEndian)
  const recordHeaderBytes = magic === KUZNETZOV_MAGIC ? 24 : 16
  let at = PCAP_HEADER_BYTES
  for (let i = 0; i < frames.count; i++) {
    const start = frames.starts[i]!
    const end = frames.ends[i]!
    if (start !== at + recordHeaderBytes)
      throw broken(`frame ${i + 1} starts at ${start}, its record at ${at}`)
    if (end < start || end > size) throw broken(`frame ${i + 1} is ${start}..${end} of ${size}`)
    const length = end - start
    if (
      view.getUint32(at + 8, isLittleEndian) !== length &&
      view.getUint32(at + 12, isLittleEndian) !== length
    ) {
      throw broken(`frame ${i + 1} has ${length} bytes, and its record does not say so`)
    }
    totals.headers += recordHeaderBytes
    totals.frames += length
    at = end
  }
  totals.headers += PCAP_HEADER_BYTES
  totals.rejected += size - at
  if (damagedAt !== (at === size && frames.error === null ? -1 : at)) {
    throw broken(`the frames end at ${at} of ${size}, and the damage is at ${damagedAt}`)
  }
  if (
    damagedAt >= 0 &&
    at + recordHeaderBytes <= size &&
    isWholePcapRecord(view, at, recordHeaderBytes, isLittleEndian)
  ) {
    throw broken(`the record at ${at} is whole, and was rejected`)
  }
}

/** Whether a record at `at` could have been given, whichever of its lengths is the captured one. */
function isWholePcapRecord(
  view: DataView,
  at: number,
  headerBytes: number,
  isLittleEndian: boolean
): boolean {
  return [8, 12].every((field) => {
    const length = view.getUint32(at + field, isLittleEndian)
    return length <= MAX_CAPTURED_BYTES && at + headerBytes + length <= view.byteLength
  })
}

function accountPcapng(
  view: DataView,
  frames: ReadFrames,
  damagedAt: number,
  totals: ByteTotals,
  features: FeatureMap
): void {
  const size = view.byteLength
  let isLittleEndian = true
  let at = 0
  let given = 0
  while (at < size && at !== damagedAt) {
    if (at + 12 > size) throw broken(`the ${size - at} bytes at ${at} are no block, and were not rejected`)
    const isSection = view.getUint32(at) === SECTION
    if (isSection) isLittleEndian = view.getUint8(at + 8) === 0x4d
    const type = view.getUint32(at, isLittleEndian)
    // Lengths may leave out the padding, at either end of the block.
    const blockBytes = padded(view.getUint32(at + 4, isLittleEndian))
    const isWhole = blockBytes >= 12 && at + blockBytes <= size
    if (!isWhole || padded(view.getUint32(at + blockBytes - 4, isLittleEndian)) !== blockBytes) {
      throw broken(`the block at ${at} is damaged, and was not rejected`)
    }
    features.add(20, isSection ? -1 : Math.min(type, 16), isLittleEndian ? 1 : 0, magnitude(blockBytes))
    if (PACKET_BLOCKS.includes(type)) {
      const start = frames.starts[given]
      const end = frames.ends[given] ?? 0
      given += 1
      const dataAt = at + (type === 3 ? 12 : 28)
      if (start !== dataAt || end < start || end > at + blockBytes - 4) {
        throw broken(
          `the packet block at ${at} has its data at ${dataAt}; frame ${given} is ${start}..${end}`
        )
      }
      totals.frames += end - start
      totals.headers += blockBytes - (end - start)
    } else if (isSection) totals.headers += blockBytes
    else totals.otherBlocks += blockBytes
    at += blockBytes
  }
  totals.rejected += size - at
  if (given !== frames.count) throw broken(`${frames.count} frames were given, ${given} are there`)
  if (damagedAt !== -1 && at !== damagedAt) throw broken(`the damage is at ${damagedAt}, behind the end`)
  if (damagedAt === -1 && frames.error !== null) throw broken('the error names no byte')
}

/** The offset that an error names, -1 where there is no error. */
function offsetOf(error: Error | null): number {
  if (error === null) return -1
  const named = /at byte (\d+):/.exec(error.message)
  if (named === null) throw broken(`an error names no byte: ${error.message}`)
  return Number(named[1])
}

function broken(found: string): BrokenPromise {
  return new BrokenPromise(PROMISE, found)
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4
}
