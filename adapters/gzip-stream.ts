// gzip as a stream, of one or several members, that gives everything before a damage before it says so.
import { createGunzip, type Gunzip } from 'node:zlib'

/** Compressed bytes that are fed at once: output of at most 1,032 times as much waits in memory. */
const PIECE_BYTES = 32 * 1024
const OUTPUT_CHUNK_BYTES = 64 * 1024

/** The stream is damaged or ends too early. */
export class GzipError extends Error {
  /** Offset in the compressed input of the piece, of at most 32 KiB, in which it was found. */
  readonly offset: number

  constructor(offset: number, reason: string) {
    super(reason)
    this.name = 'GzipError'
    this.offset = offset
  }
}

/**
 * Decompresses `open()`. zlib forgets what it had decompressed of a piece in which it finds damage, so where
 * `canReopen` that piece is read again byte by byte. Throws GzipError once all output before the damage was given.
 */
export async function* gunzip(
  open: () => AsyncIterable<Uint8Array>,
  canReopen: boolean
): AsyncGenerator<Uint8Array, void, undefined> {
  let fedBytes = 0
  let givenBytes = 0
  const session = new GunzipSession()
  try {
    for await (const piece of pieces(open())) {
      for (const output of await session.feed(piece)) {
        givenBytes += output.length
        yield output
      }
      if (session.error !== null || session.isEnded) break
      fedBytes += piece.length
    }
    if (session.error === null) {
      for (const output of await session.end()) yield output
    }
  } finally {
    session.close()
  }
  if (session.error === null) return
  if (canReopen) yield* recover(open(), fedBytes, givenBytes)
  throw new GzipError(fedBytes, session.error.message)
}

/** Whether a stream that starts with these bytes is gzip. */
export function isGzipMagic(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/**
 * What the piece after the first `soundBytes` of input gives before its damage, less the first `givenBytes` of output.
 */
async function* recover(
  chunks: AsyncIterable<Uint8Array>,
  soundBytes: number,
  givenBytes: number
): AsyncGenerator<Uint8Array, void, undefined> {
  const session = new GunzipSession()
  let fedBytes = 0
  let skipBytes = givenBytes
  try {
    for await (const piece of pieces(chunks)) {
      const step = fedBytes < soundBytes ? piece.length : 1
      for (let at = 0; at < piece.length; at += step) {
        for (const output of await session.feed(piece.subarray(at, at + step))) {
          if (output.length > skipBytes) yield output.subarray(skipBytes)
          skipBytes = Math.max(0, skipBytes - output.length)
        }
        if (session.error !== null || session.isEnded) return
      }
      fedBytes += piece.length
    }
  } finally {
    session.close()
  }
}

/** Pieces that lie at multiples of PIECE_BYTES however the chunks are cut, so that two readings have the same. */
async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const next = Math.min(chunk.length, at + PIECE_BYTES - (offset % PIECE_BYTES))
      yield chunk.subarray(at, next)
      offset += next - at
      at = next
    }
  }
}

/** One run of zlib, fed piece by piece: the output of a piece is complete before the next one is fed. */
class GunzipSession {
  error: Error | null = null
  /** True where zlib wants no more input: what follows the last member is padding. */
  isEnded = false
  readonly #gunzip: Gunzip
  #output: Uint8Array[] = []
  #settle: () => void = () => undefined

  constructor() {
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES })
    this.#gunzip.on('data', (output: Uint8Array) => this.#output.push(output))
    this.#gunzip.on('error', (error) => {
      this.error = error
      this.#settle()
    })
    this.#gunzip.on('end', () => {
      this.isEnded = true
      this.#settle()
    })
  }

  feed(piece: Uint8Array): Promise<Uint8Array[]> {
    return this.#outputOf(() => this.#gunzip.write(piece, () => this.#settle()))
  }

  end(): Promise<Uint8Array[]> {
    return this.#outputOf(() => (this.isEnded ? this.#settle() : this.#gunzip.end()))
  }

  close(): void {
    this.#gunzip.destroy()
  }

  /** What comes out until `start` has done its work, or failed: zlib does not answer a write that fails. */
  async #outputOf(start: () => void): Promise<Uint8Array[]> {
    await new Promise<void>((resolve) => {
      this.#settle = resolve
      start()
    })
    const output = this.#output
    this.#output = []
    return output
  }
}
