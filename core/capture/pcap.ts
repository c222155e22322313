// Classic pcap (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/): a file header of 24 bytes, then records.
import type { CaptureInput } from './capture-input.ts'
import type { Frame } from './frame.ts'
import { isDecodableLinkType } from './link-types.ts'
import type { RecordReader } from './record-reader.ts'

/** The largest captured length that libpcap and Wireshark take; a longer one is a sign of damage. */
export const MAX_CAPTURED_BYTES = 262_144

const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
/** Of the link type field: the 16 low bits are the link type, the 6 high ones the length of the check sequence. */
const RESERVED_LINK_TYPE_BITS = 0x03ff_0000

/** What a magic number says: the sub-second unit, and how long the header of a record is. */
interface PcapVariant {
  readonly subSecondsPerSecond: number
  readonly recordHeaderBytes: number
}

const VARIANTS: ReadonlyMap<number, PcapVariant> = new Map([
  [0xa1b2c3d4, { subSecondsPerSecond: 1e6, recordHeaderBytes: RECORD_HEADER_BYTES }],
  [0xa1b23c4d, { subSecondsPerSecond: 1e9, recordHeaderBytes: RECORD_HEADER_BYTES }],
  // Alexey Kuznetsov's patched libpcap: 8 more bytes in each record for interface, protocol and packet type.
  [0xa1b2cd34, { subSecondsPerSecond: 1e6, recordHeaderBytes: RECORD_HEADER_BYTES + 8 }]
])

/** Whether the four bytes at `position` are the magic number of a classic pcap in either byte order. */
export function isPcapMagic(view: DataView, position: number): boolean {
  return VARIANTS.has(view.getUint32(position, true)) || VARIANTS.has(view.getUint32(position, false))
}

/** Reads the records of a classic pcap. Sub-seconds over a second are carried into the seconds. */
export class PcapReader implements RecordReader {
  readonly #input: CaptureInput
  readonly #frame: Frame
  readonly #isLittleEndian: boolean
  readonly #subSecondsPerSecond: number
  readonly #nanosecondsPerSubSecond: number
  readonly #recordHeaderBytes: number
  #isHeaderRead = false
  /** Offsets in the record of the captured length and of the length on the wire. */
  #capturedAt = 8
  #wireAt = 12
  /** Version 2.3 was written with the two lengths in either order: the captured one is the smaller. */
  #isOrderUnknown = false

  /** `input` stands at the magic number. */
  constructor(input: CaptureInput, frame: Frame) {
    this.#input = input
    this.#frame = frame
    this.#isLittleEndian = VARIANTS.has(input.view.getUint32(input.position, true))
    const variant = VARIANTS.get(input.view.getUint32(input.position, this.#isLittleEndian))!
    this.#subSecondsPerSecond = variant.subSecondsPerSecond
    this.#nanosecondsPerSubSecond = 1e9 / variant.subSecondsPerSecond
    this.#recordHeaderBytes = variant.recordHeaderBytes
  }

  next(): boolean {
    if (!this.#isHeaderRead && !this.#readFileHeader()) return false
    const input = this.#input
    const { view, position } = input
    const dataStart = position + this.#recordHeaderBytes
    if (dataStart > input.end) return false

    const isLittleEndian = this.#isLittleEndian
    let capturedBytes = view.getUint32(position + this.#capturedAt, isLittleEndian)
    let wireBytes = view.getUint32(position + this.#wireAt, isLittleEndian)
    if (this.#isOrderUnknown && capturedBytes > wireBytes) {
      const swapped = capturedBytes
      capturedBytes = wireBytes
      wireBytes = swapped
    }
    if (capturedBytes > MAX_CAPTURED_BYTES) throw this.#tooLong(capturedBytes)
    const dataEnd = dataStart + capturedBytes
    if (dataEnd > input.end) return false

    let seconds = view.getUint32(position, isLittleEndian)
    let subSeconds = view.getUint32(position + 4, isLittleEndian)
    if (subSeconds >= this.#subSecondsPerSecond) {
      seconds += Math.floor(subSeconds / this.#subSecondsPerSecond)
      subSeconds %= this.#subSecondsPerSecond
    }
    const frame = this.#frame
    frame.number += 1
    frame.seconds = seconds
    frame.nanoseconds = subSeconds * this.#nanosecondsPerSubSecond
    frame.bytes = input.bytes
    frame.start = dataStart
    frame.end = dataEnd
    frame.wireLengthBytes = wireBytes
    input.position = dataEnd
    return true
  }

  checkEnd(): void {
    const input = this.#input
    const left = input.end - input.position
    const packets = this.#frame.number
    if (!this.#isHeaderRead) {
      throw input.damaged(
        `the file ends after ${left} of the ${FILE_HEADER_BYTES} bytes of the pcap header`,
        packets
      )
    }
    if (left > 0) throw input.damaged(`the file ends inside packet ${packets + 1}`, packets)
  }

  #readFileHeader(): boolean {
    const input = this.#input
    const { view, position } = input
    if (input.end - position < FILE_HEADER_BYTES) return false
    const major = view.getUint16(position + 4, this.#isLittleEndian)
    const minor = view.getUint16(position + 6, this.#isLittleEndian)
    if (major < 2) throw input.damaged(`pcap version ${major}.${minor} is not known`, 0)
    // As libpcap does: before 2.3, and in the 543.0 of Digital UNIX, the length on the wire comes first.
    if ((major === 2 && minor < 3) || major === 543) {
      this.#capturedAt = 12
      this.#wireAt = 8
    }
    this.#isOrderUnknown = major === 2 && minor === 3
    const field = view.getUint32(position + 20, this.#isLittleEndian)
    if ((field & RESERVED_LINK_TYPE_BITS) !== 0) {
      throw input.damaged(`the link type is 0x${field.toString(16)}`, 0, input.offset + 20)
    }
    const linkType = field & 0xffff
    if (!isDecodableLinkType(linkType)) throw input.unsupported(linkType, input.offset + 20)
    this.#frame.linkType = linkType
    input.position += FILE_HEADER_BYTES
    this.#isHeaderRead = true
    return true
  }

  #tooLong(capturedBytes: number): Error {
    const packets = this.#frame.number
    const reason = `packet ${packets + 1} says that it has ${capturedBytes} captured bytes, more than ${MAX_CAPTURED_BYTES}`
    return this.#input.damaged(reason, packets)
  }
}
