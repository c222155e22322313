// Memory for records that are on their way to the disk. A batch is some 300 KiB, and fresh memory for each has V8 mark its whole
// heap again and again, for what lies outside the heap.

/** Smaller records come from Node's own pool. */
const LEAST_BYTES = 16 * 1024
/** As many batches as are on their way at once, and a few more. */
const MOST_FREE = 12

/** Buffers that are used again. */
export class RecordMemory {
  readonly #free: Buffer[] = []

  /** So many bytes, whatever is in them. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes < LEAST_BYTES) return Buffer.allocUnsafe(sizeBytes)
    const index = this.#free.findIndex(({ length }) => length >= sizeBytes)
    const whole = index < 0 ? Buffer.allocUnsafeSlow(sizeBytes) : this.#free.splice(index, 1)[0]!
    return whole.subarray(0, sizeBytes)
  }

  /** Nobody uses what `take` gave any more. */
  giveBack(bytes: Buffer): void {
    if (bytes.length < LEAST_BYTES) return
    // Those that came first are the smallest, where batches have become larger.
    if (this.#free.length === MOST_FREE) this.#free.shift()
    this.#free.push(Buffer.from(bytes.buffer))
  }
}
