// pcapng (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/): sections of blocks, each with its length at
// both ends. Packets are read; every other block is checked at both ends and skipped.
import type { CaptureInput } from './capture-input.ts'
import type { Frame } from './frame.ts'
import { isDecodableLinkType } from './link-types.ts'
import { MAX_CAPTURED_BYTES } from './pcap.ts'
import { PcapngInterface } from './pcapng-interface.ts'
import { readInterfaceDescription } from './pcapng-options.ts'
import type { RecordReader } from './record-reader.ts'

const BLOCK = {
  interface: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  enhancedPacket: 6,
  section: 0x0a0d0d0a
} as const
const BYTE_ORDER_MAGIC = 0x1a2b3c4d

/** Bytes of a block without a body: type, and the length at both ends. */
const EMPTY_BLOCK_BYTES = 12
/** Bytes of a block before its body. */
const BLOCK_HEADER_BYTES = 8
/** Bytes of a section header block up to its byte-order magic and version. */
const SECTION_START_BYTES = 16
/** How far the reader looks for an interface that is decoded before it refuses a file. */
const LOOK_AHEAD_BYTES = 64 * 1024
/** Type, length and link type of an interface description. */
const INTERFACE_START_BYTES = 10
const SECTION_BLOCK_BYTES = 28
/** Bytes before the packet's data in enhanced and obsolete packet blocks, and in simple ones. */
const PACKET_DATA_AT = 28
const SIMPLE_PACKET_DATA_AT = 12
/** The longest block that is held in memory, as in Wireshark; longer ones of no interest are skipped all the same. */
const MAX_HELD_BLOCK_BYTES = 16 * 1024 * 1024
/** Interfaces that a section may describe. */
const MAX_INTERFACES = 65_536

/** Whether the four bytes at `position` are the type of a section header block (the same in both byte orders). */
export function isPcapngMagic(view: DataView, position: number): boolean {
  return view.getUint32(position) === BLOCK.section
}

/**
 * Reads the packets of a pcapng. A simple packet block has no time: its frame has 0 (1970-01-01). A packet on an
 * interface whose link type is not decoded is given like any other, but where no interface of the file so far is
 * decoded, `next` throws SP_LINK_TYPE_UNSUPPORTED.
 */
export class PcapngReader implements RecordReader {
  readonly #input: CaptureInput
  readonly #frame: Frame
  #isLittleEndian = true
  #interfaces: PcapngInterface[] = []
  #isAnyDecodable = false
  /** A packet of an interface that is not decoded waits for what is described behind it. */
  #isWaitingAhead = false
  /** Length of a block whose body was skipped and whose closing length is still to come; 0 where there is none. */
  #skippedBlockBytes = 0
  #skippedBlockOffset = 0

  /** `input` stands at the first section header block. */
  constructor(input: CaptureInput, frame: Frame) {
    this.#input = input
    this.#frame = frame
  }

  next(): boolean {
    const input = this.#input
    for (;;) {
      if (this.#skippedBlockBytes > 0 && !this.#closeSkippedBlock()) return false
      const available = input.end - input.position
      if (available < BLOCK_HEADER_BYTES) return false
      const type = input.view.getUint32(input.position, this.#isLittleEndian)
      if (type === BLOCK.section) {
        if (available < SECTION_START_BYTES) return false
        this.#openSection()
        continue
      }
      const blockBytes = this.#blockBytes(EMPTY_BLOCK_BYTES)
      switch (type) {
        case BLOCK.enhancedPacket:
        case BLOCK.obsoletePacket:
          if (!this.#isBlockHere(blockBytes) || !this.#isDecided()) return false
          this.#readPacket(blockBytes)
          return true
        case BLOCK.simplePacket:
          if (!this.#isBlockHere(blockBytes) || !this.#isDecided()) return false
          this.#readSimplePacket(blockBytes)
          return true
        case BLOCK.interface:
          if (!this.#isBlockHere(blockBytes)) return false
          this.#readInterface(blockBytes)
          break
        default:
          this.#skipBlock(blockBytes)
      }
    }
  }

  checkEnd(): void {
    const input = this.#input
    // Nothing more will come: the packet that waited is of a file that is refused.
    if (this.#isWaitingAhead) this.#interface(this.#interfaceIdAtHand())
    const isInsideSkipped = this.#skippedBlockBytes > 0
    if (!isInsideSkipped && input.position === input.end) return
    const offset = isInsideSkipped ? this.#skippedBlockOffset : input.offset
    throw input.damaged('the file ends inside a block', this.#frame.number, offset)
  }

  /** The length that the block at hand states, once it is possible. */
  #blockBytes(leastBytes: number): number {
    const stated = this.#input.view.getUint32(this.#input.position + 4, this.#isLittleEndian)
    if (stated < leastBytes) {
      throw this.#damaged(`a block says that it has ${stated} bytes, which cannot be`)
    }
    return withPadding(stated)
  }

  /** Whether all of the block has arrived; its closing length is then checked. */
  #isBlockHere(blockBytes: number): boolean {
    const input = this.#input
    if (blockBytes > MAX_HELD_BLOCK_BYTES) {
      throw this.#damaged(`a block says that it has ${blockBytes} bytes, more than ${MAX_HELD_BLOCK_BYTES}`)
    }
    if (input.end - input.position < blockBytes) return false
    const closing = input.view.getUint32(input.position + blockBytes - 4, this.#isLittleEndian)
    if (withPadding(closing) !== blockBytes) throw this.#damaged(differing(blockBytes, closing))
    return true
  }

  #readPacket(blockBytes: number): void {
    const { view, position } = this.#input
    const isLittleEndian = this.#isLittleEndian
    if (blockBytes < PACKET_DATA_AT + 4) throw this.#damaged(`a packet block has only ${blockBytes} bytes`)
    const source = this.#interface(this.#interfaceIdAtHand())
    const capturedBytes = view.getUint32(position + 20, isLittleEndian)
    this.#checkCaptured(capturedBytes, blockBytes - PACKET_DATA_AT - 4, source.linkType)

    source.setTime(
      view.getUint32(position + 12, isLittleEndian),
      view.getUint32(position + 16, isLittleEndian)
    )
    const frame = this.#frame
    frame.seconds = source.seconds
    frame.nanoseconds = source.nanoseconds
    frame.wireLengthBytes = view.getUint32(position + 24, isLittleEndian)
    this.#give(source, position + PACKET_DATA_AT, capturedBytes, blockBytes)
  }

  #readSimplePacket(blockBytes: number): void {
    const { view, position } = this.#input
    if (blockBytes < SIMPLE_PACKET_DATA_AT + 4)
      throw this.#damaged(`a packet block has only ${blockBytes} bytes`)
    const source = this.#interface(0)
    const wireBytes = view.getUint32(position + 8, this.#isLittleEndian)
    const capturedBytes = source.snapLengthBytes > 0 ? Math.min(wireBytes, source.snapLengthBytes) : wireBytes
    this.#checkCaptured(capturedBytes, blockBytes - SIMPLE_PACKET_DATA_AT - 4, source.linkType)

    const frame = this.#frame
    frame.seconds = 0
    frame.nanoseconds = 0
    frame.wireLengthBytes = wireBytes
    this.#give(source, position + SIMPLE_PACKET_DATA_AT, capturedBytes, blockBytes)
  }

  #give(source: PcapngInterface, dataStart: number, capturedBytes: number, blockBytes: number): void {
    const frame = this.#frame
    frame.number += 1
    frame.linkType = source.linkType
    frame.bytes = this.#input.bytes
    frame.start = dataStart
    frame.end = dataStart + capturedBytes
    this.#input.position += blockBytes
  }

  #interface(id: number): PcapngInterface {
    const source = this.#interfaces[id]
    if (source === undefined) {
      throw this.#damaged(
        `a packet is of interface ${id}, but the section describes ${this.#interfaces.length}`
      )
    }
    if (!this.#isAnyDecodable) throw this.#input.unsupported(source.linkType, this.#input.offset)
    return source
  }

  /**
   * Whether it is known what to do with the packet block at hand. While no interface is decoded, one that is described
   * within the next bytes makes this one's packets rejected ones; else the whole file is refused. It waits for those
   * bytes, so that the answer is the same in whatever pieces they come.
   */
  #isDecided(): boolean {
    const isKnown = this.#isAnyDecodable || this.#isDecodableAhead()
    this.#isWaitingAhead = !isKnown && this.#input.end - this.#input.position < LOOK_AHEAD_BYTES
    return !this.#isWaitingAhead
  }

  /** Of the packet block at hand; simple ones are of the first interface. */
  #interfaceIdAtHand(): number {
    const { view, position } = this.#input
    switch (view.getUint32(position, this.#isLittleEndian)) {
      case BLOCK.enhancedPacket:
        return view.getUint32(position + BLOCK_HEADER_BYTES, this.#isLittleEndian)
      case BLOCK.obsoletePacket:
        return view.getUint16(position + BLOCK_HEADER_BYTES, this.#isLittleEndian)
      default:
        return 0
    }
  }

  #isDecodableAhead(): boolean {
    const { view, position } = this.#input
    const end = Math.min(this.#input.end, position + LOOK_AHEAD_BYTES)
    let at = position
    while (at + INTERFACE_START_BYTES <= end) {
      const blockBytes = view.getUint32(at + 4, this.#isLittleEndian)
      if (blockBytes < EMPTY_BLOCK_BYTES) return false
      const type = view.getUint32(at, this.#isLittleEndian)
      const linkType = view.getUint16(at + BLOCK_HEADER_BYTES, this.#isLittleEndian)
      if (type === BLOCK.interface && isDecodableLinkType(linkType)) {
        this.#isAnyDecodable = true
        return true
      }
      at += blockBytes
    }
    return false
  }

  #checkCaptured(capturedBytes: number, roomBytes: number, linkType: number): void {
    // Some link types that are not decoded have longer packets; the block bounds those.
    if (capturedBytes > roomBytes || (capturedBytes > MAX_CAPTURED_BYTES && isDecodableLinkType(linkType))) {
      throw this.#damaged(
        `packet ${this.#frame.number + 1} says that it has ${capturedBytes} captured bytes, more than ` +
          `${Math.min(roomBytes, MAX_CAPTURED_BYTES)}`
      )
    }
  }

  #openSection(): void {
    const { view, position } = this.#input
    const isLittleEndian = view.getUint32(position + 8, true) === BYTE_ORDER_MAGIC
    if (!isLittleEndian && view.getUint32(position + 8, false) !== BYTE_ORDER_MAGIC) {
      throw this.#damaged('a section header block has no byte-order magic')
    }
    this.#isLittleEndian = isLittleEndian
    const major = view.getUint16(position + 12, isLittleEndian)
    const minor = view.getUint16(position + 14, isLittleEndian)
    // A new minor version is one that readers of the old cannot read; but some write 1.2 for 1.0 (as libpcap says).
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      throw this.#damaged(`pcapng version ${major}.${minor} is not known`)
    }
    this.#interfaces = []
    this.#skipBlock(this.#blockBytes(SECTION_BLOCK_BYTES))
  }

  #readInterface(blockBytes: number): void {
    const { view, position } = this.#input
    if (this.#interfaces.length === MAX_INTERFACES) {
      throw this.#damaged(`a section describes more than ${MAX_INTERFACES} interfaces`)
    }
    const description = readInterfaceDescription(
      view,
      position,
      position + blockBytes - 4,
      this.#isLittleEndian
    )
    if (description === null) throw this.#damaged('an interface description block is cut short')
    this.#interfaces.push(new PcapngInterface(description))
    if (isDecodableLinkType(description.linkType)) this.#isAnyDecodable = true
    this.#input.position += blockBytes
  }

  #skipBlock(blockBytes: number): void {
    this.#skippedBlockBytes = blockBytes
    this.#skippedBlockOffset = this.#input.offset
    this.#input.skip(blockBytes - 4)
  }

  /** Checks the closing length of a skipped block; false where it has not arrived yet. */
  #closeSkippedBlock(): boolean {
    const input = this.#input
    if (input.end - input.position < 4) return false
    const closing = input.view.getUint32(input.position, this.#isLittleEndian)
    if (withPadding(closing) !== this.#skippedBlockBytes) {
      const offset = this.#skippedBlockOffset
      throw input.damaged(differing(this.#skippedBlockBytes, closing), this.#frame.number, offset)
    }
    input.position += 4
    this.#skippedBlockBytes = 0
    return true
  }

  #damaged(reason: string): Error {
    return this.#input.damaged(reason, this.#frame.number)
  }
}

/** A block's length, in which some writers leave out the padding to a multiple of four: Wireshark reads those too. */
function withPadding(statedBytes: number): number {
  return statedBytes + (-statedBytes & 3)
}

function differing(opening: number, closing: number): string {
  return `a block says at its start that it has ${opening} bytes, and at its end ${closing}`
}
