// Bugs to plant in the product, rare and reachable, each against another promise: a fuzzer that misses them is no
// proof.
import type { CaptureReader, Frame } from '../../core/capture/frame.ts'
import { PROTOCOL } from '../../core/headers/protocols.ts'
import { PRODUCT, type Subject } from './subject.ts'

/** What is wrong, by name. */
export const PLANTED: Readonly<Record<string, Subject>> = {
  /** The decoder throws for a later IPv6 fragment behind destination options and an authentication header. */
  throw: {
    ...PRODUCT,
    decodePacket: (bytes, start, end, columns, row) => {
      const rejected = PRODUCT.decodePacket(bytes, start, end, columns, row)
      const isRare =
        rejected === 0 &&
        bytes[start + 6] === PROTOCOL.destinationOptions &&
        bytes[start + 40] === PROTOCOL.ah &&
        columns.ipVersion[row] === 6 &&
        (columns.fragment[row]! & 0x1fff) !== 0
      if (isRare) throw new RangeError('planted: offset is outside the bounds of the DataView')
      return rejected
    }
  },
  /** The reader swallows an empty packet in an obsolete packet block. */
  'lost-frame': {
    ...PRODUCT,
    createCaptureReader: (fileName) =>
      new AlteredReader(fileName, ({ start, end, bytes }) => start === end && bytes[start - 28] === 2)
  },
  /** The sensor's cut keeps a byte too few of a UDP header behind all the options that IPv4 can have. */
  'short-cut': {
    ...PRODUCT,
    keptBytes: (bytes, start, end) => {
      const kept = PRODUCT.keptBytes(bytes, start, end)
      return bytes[start] === 0x4f && bytes[start + 9] === PROTOCOL.udp && kept === 68 ? 67 : kept
    }
  },
  /** The decoder never ends where an IPv6 header announces more than 65,000 bytes of SHIM6. */
  hang: {
    ...PRODUCT,
    decodePacket: (bytes, start, end, columns, row) => {
      const rejected = PRODUCT.decodePacket(bytes, start, end, columns, row)
      const isRare =
        rejected === 0 &&
        bytes[start]! >> 4 === 6 &&
        bytes[start + 6] === PROTOCOL.shim6 &&
        columns.ipLength[row]! > 65_000
      if (isRare) for (;;) turns += 1
      return rejected
    }
  },
  /** The reader takes as much memory as the snapshot length of a little-endian pcap says. */
  memory: {
    ...PRODUCT,
    createCaptureReader: (fileName) => {
      const reader = PRODUCT.createCaptureReader(fileName)
      let reserved = new Uint8Array(0)
      const push = (chunk: Uint8Array): void => {
        const claimed = chunk.length >= 24 && chunk[0] === 0x4d ? Buffer.from(chunk).readUInt32LE(16) : 0
        if (claimed > 0x10_0000) reserved = new Uint8Array(Math.min(claimed, 2 ** 24))
        reader.push(chunk)
      }
      // What finish() reads is held until then, as a reader's buffer is.
      const finish = (): void => {
        turns += reserved[0] ?? 0
        reader.finish()
      }
      return { frame: reader.frame, push, next: () => reader.next(), finish }
    }
  }
}

/** Read by nobody, so that neither the allocation nor the loop is optimized away. */
export let turns = 0

class AlteredReader implements CaptureReader {
  readonly #reader: CaptureReader
  readonly #isSwallowed: (frame: Frame) => boolean

  constructor(fileName: string, isSwallowed: (frame: Frame) => boolean) {
    this.#reader = PRODUCT.createCaptureReader(fileName)
    this.#isSwallowed = isSwallowed
  }

  get frame(): Frame {
    return this.#reader.frame
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  next(): boolean {
    while (this.#reader.next()) if (!this.#isSwallowed(this.#reader.frame)) return true
    return false
  }

  finish(): void {
    this.#reader.finish()
  }
}
