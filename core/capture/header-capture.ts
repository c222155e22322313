// Writes packet headers as a complete classic pcap that any tool opens: little-endian, nanoseconds, LINKTYPE_RAW.
import { LINK_TYPE } from './link-types.ts'
import { MAX_CAPTURED_BYTES } from './pcap.ts'

const MAGIC_NANOSECONDS = 0xa1b23c4d
const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
/** A batch's bound (384 KiB) and a little more, so that a batch never makes it grow. */
const FIRST_CAPACITY_BYTES = 512 * 1024

/** Builds one capture after the other in the same memory; nothing is allocated for a packet. */
export class HeaderCaptureWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY_BYTES)
  #view: DataView = new DataView(this.#bytes.buffer)
  #sizeBytes = 0
  /** The newest source of packets and a view of it, since the packets of a chunk share one. */
  #source = this.#bytes
  #sourceView = this.#view

  constructor() {
    this.#writeFileHeader()
  }

  /** Bytes of the capture so far, its file header of 24 bytes included. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Starts an empty capture. */
  reset(): void {
    this.#sizeBytes = FILE_HEADER_BYTES
  }

  /**
   * Adds the packet bytes[start..end), which starts with its IP header. `seconds` is 0..2^32-1, `nanoseconds`
   * 0..999,999,999, `wireLengthBytes` its length before it was cut.
   */
  add(
    seconds: number,
    nanoseconds: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLengthBytes: number
  ): void {
    const recordStart = this.#sizeBytes
    const dataStart = recordStart + RECORD_HEADER_BYTES
    const lengthBytes = end - start
    if (dataStart + lengthBytes > this.#bytes.length) this.#grow(dataStart + lengthBytes)
    const view = this.#view
    view.setUint32(recordStart, seconds, true)
    view.setUint32(recordStart + 4, nanoseconds, true)
    view.setUint32(recordStart + 8, lengthBytes, true)
    view.setUint32(recordStart + 12, wireLengthBytes, true)
    this.#copy(bytes, start, end, dataStart)
    this.#sizeBytes = dataStart + lengthBytes
  }

  /** The capture as a copy of its own. The writer goes on as it was; `reset` starts the next one. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#sizeBytes)
  }

  /** The capture where it lies: good until the next `reset` or `add`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#sizeBytes)
  }

  /** Copies word by word: for headers of 20-100 bytes this is faster than `set` with the subarray that it needs. */
  #copy(bytes: Uint8Array, start: number, end: number, to: number): void {
    if (bytes !== this.#source) {
      this.#source = bytes
      this.#sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    const from = this.#sourceView
    const view = this.#view
    const lastWord = end - 4
    let at = start
    for (; at <= lastWord; at += 4, to += 4) view.setUint32(to, from.getUint32(at, true), true)
    for (; at < end; at++, to++) view.setUint8(to, from.getUint8(at))
  }

  #grow(neededBytes: number): void {
    const grown = new Uint8Array(Math.max(neededBytes, this.#bytes.length * 2))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  #writeFileHeader(): void {
    const view = this.#view
    view.setUint32(0, MAGIC_NANOSECONDS, true)
    view.setUint16(4, 2, true)
    view.setUint16(6, 4, true)
    view.setUint32(16, MAX_CAPTURED_BYTES, true)
    view.setUint32(20, LINK_TYPE.RAW, true)
    this.#sizeBytes = FILE_HEADER_BYTES
  }
}
