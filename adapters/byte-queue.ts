/** Takes exactly as many bytes as are asked for from chunks of any size. Memory: one chunk and what is asked for. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>
  #bytes: Uint8Array = new Uint8Array(0)
  #position = 0
  /** Offset in the input of #bytes[0]. */
  #origin = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#origin + this.#position
  }

  /** Ends the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  /** Whether `count` more bytes are there; waits for them. */
  async has(count: number): Promise<boolean> {
    if (this.#bytes.length - this.#position >= count) return true
    // The source may use a chunk's memory again once two more were asked for, so what is kept is copied.
    const parts: Uint8Array[] = [this.#bytes.slice(this.#position)]
    let lengthBytes = parts[0]!.length
    while (lengthBytes < count) {
      const { done, value } = await this.#chunks.next()
      if (done === true) break
      parts.push(lengthBytes + value.length < count ? value.slice() : value)
      lengthBytes += value.length
    }
    this.#origin += this.#position
    this.#position = 0
    this.#bytes = parts.length === 2 && parts[0]!.length === 0 ? parts[1]! : Buffer.concat(parts)
    return lengthBytes >= count
  }

  /** The next bytes, left where they are. Ask `has` first. */
  peek(count: number): Uint8Array {
    return this.#bytes.subarray(this.#position, this.#position + count)
  }

  /** Takes the next bytes. Ask `has` first; they stay valid until `has` is asked again. */
  take(count: number): Uint8Array {
    const taken = this.peek(count)
    this.#position += count
    return taken
  }

  /** Drops the next `count` bytes; false where the input ends before. */
  async skip(count: number): Promise<boolean> {
    let left = count
    while (left > 0) {
      if (!(await this.has(1))) return false
      const here = Math.min(left, this.#bytes.length - this.#position)
      this.#position += here
      left -= here
    }
    return true
  }
}
