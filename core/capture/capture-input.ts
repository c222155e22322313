// The bytes of a capture on their way from chunks to records: what is not used up is kept until the next chunk.
import { StormpetrelError } from '../errors.ts'
import { linkTypeName } from './link-types.ts'

const NO_BYTES = new Uint8Array(0)

/**
 * A window on the input. Readers look at bytes[position..end), and move `position` forward over what they used.
 * A chunk is used where it lies as long as nothing is left over from the one before it, so it must stay unchanged
 * until all of it is used. What is left over is copied once, so a reader must use up all that is complete before
 * the next `push`; memory is then bounded by a chunk and the longest record.
 */
export class CaptureInput {
  readonly fileName: string
  bytes: Uint8Array = NO_BYTES
  view: DataView = viewOf(NO_BYTES)
  position = 0
  end = 0
  /** Offset in the file of bytes[0]. */
  #origin = 0
  /** Bytes of the input still to come that nobody wants. */
  #bytesToSkip = 0
  /** Our own memory for what is left over and what follows it. */
  #store: Uint8Array = NO_BYTES

  constructor(fileName: string) {
    this.fileName = fileName
  }

  /** Offset in the file of the byte at `position`. */
  get offset(): number {
    return this.#origin + this.position
  }

  push(chunk: Uint8Array): void {
    let fresh = chunk
    if (this.#bytesToSkip > 0) {
      const skipped = Math.min(this.#bytesToSkip, chunk.length)
      this.#bytesToSkip -= skipped
      this.#origin += skipped
      fresh = chunk.subarray(skipped)
    }
    if (this.position === this.end) this.#show(fresh, fresh.length)
    else this.#append(fresh)
  }

  /** Moves over `count` bytes, whether they are here already or still to come. */
  skip(count: number): void {
    const here = Math.min(count, this.end - this.position)
    this.position += here
    this.#bytesToSkip = count - here
  }

  /** The error for damage at a file offset, as one line; `packets` are those given before it. */
  damaged(reason: string, packets: number, offset: number = this.offset): StormpetrelError {
    const used = packets === 0 ? 'no packet was used' : `the ${packets} packets before it were used`
    return new StormpetrelError(
      'SP_CAPTURE_DAMAGED',
      `${this.fileName}: damaged at byte ${offset}: ${reason}; ${used}`
    )
  }

  /** The error for packets of a link type that is not decoded, as one line. */
  unsupported(linkType: number, offset: number): StormpetrelError {
    return new StormpetrelError(
      'SP_LINK_TYPE_UNSUPPORTED',
      `${this.fileName}: at byte ${offset}: the packets are of link type ${linkType} (${linkTypeName(linkType)}), ` +
        'which is not decoded; leave the file out'
    )
  }

  #append(fresh: Uint8Array): void {
    const left = this.end - this.position
    const needed = left + fresh.length
    if (this.bytes === this.#store && this.end + fresh.length <= this.#store.length) {
      this.#store.set(fresh, this.end)
      this.end += fresh.length
      return
    }
    // Twice what is needed, so that many small chunks of one long record are not copied again and again.
    const store = needed <= this.#store.length ? this.#store : new Uint8Array(needed * 2)
    if (store === this.bytes) store.copyWithin(0, this.position, this.end)
    else store.set(this.bytes.subarray(this.position, this.end))
    store.set(fresh, left)
    this.#store = store
    this.#show(store, needed)
  }

  /** Shows `bytes` from now on; its first byte is the one that `position` was at. */
  #show(bytes: Uint8Array, end: number): void {
    this.#origin += this.position
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = viewOf(bytes)
    }
    this.position = 0
    this.end = end
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
