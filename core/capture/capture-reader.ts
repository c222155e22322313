// Reads any capture: the magic number decides the format, never the file's name.
import { StormpetrelError } from '../errors.ts'
import { CaptureInput } from './capture-input.ts'
import type { CaptureReader, Frame } from './frame.ts'
import { isPcapMagic, PcapReader } from './pcap.ts'
import { isPcapngMagic, PcapngReader } from './pcapng.ts'
import type { RecordReader } from './record-reader.ts'

/** Bytes that a magic number takes. */
const MAGIC_BYTES = 4

/** Whether a file that starts with `bytes` is a pcap or pcapng. False where fewer than 4 bytes are given. */
export function isCaptureMagic(bytes: Uint8Array): boolean {
  if (bytes.length < MAGIC_BYTES) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isPcapMagic(view, 0) || isPcapngMagic(view, 0)
}

/**
 * A reader of pcap or pcapng. `fileName` is for its errors only. Beside what CaptureReader says: `push` wants all
 * frames of the chunk before it taken, and a chunk unchanged until then; `next` throws SP_CAPTURE_UNKNOWN,
 * SP_LINK_TYPE_UNSUPPORTED or SP_CAPTURE_DAMAGED, and the same again when called again.
 */
export function createCaptureReader(fileName: string): CaptureReader {
  return new MagicReader(fileName)
}

class MagicReader implements CaptureReader {
  readonly frame: Frame = {
    number: 0,
    seconds: 0,
    nanoseconds: 0,
    linkType: 0,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    wireLengthBytes: 0
  }
  readonly #input: CaptureInput
  #records: RecordReader | null = null

  constructor(fileName: string) {
    this.#input = new CaptureInput(fileName)
  }

  push(chunk: Uint8Array): void {
    this.#input.push(chunk)
  }

  next(): boolean {
    if (this.#records === null) {
      if (this.#input.end - this.#input.position < MAGIC_BYTES) return false
      this.#records = this.#open()
    }
    return this.#records.next()
  }

  finish(): void {
    if (this.#records !== null) this.#records.checkEnd()
    else throw this.#unknown(`it has only ${this.#input.end - this.#input.position} bytes`)
  }

  #open(): RecordReader {
    const { view, position } = this.#input
    if (isPcapMagic(view, position)) return new PcapReader(this.#input, this.frame)
    if (isPcapngMagic(view, position)) return new PcapngReader(this.#input, this.frame)
    const magic = view.getUint32(position, false).toString(16).padStart(8, '0')
    throw this.#unknown(`it starts with the bytes ${magic}`)
  }

  #unknown(why: string): StormpetrelError {
    return new StormpetrelError(
      'SP_CAPTURE_UNKNOWN',
      `${this.#input.fileName}: at byte 0: neither pcap nor pcapng, plain, gzip or zstd: ${why}`
    )
  }
}
