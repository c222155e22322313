// A file as chunks, read ahead of the reader.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { StormpetrelError } from '../core/errors.ts'

const CHUNK_BYTES = 1024 * 1024
/** What a small file may have grown by since it was opened. */
const GROWTH_BYTES = 64 * 1024
const BUFFERS = 3

/**
 * Memory for the chunks of one file at a time. Whoever reads many small files gives the same to each of them: fresh memory
 * for every file was half of what a following sensor left to the garbage collector (0.8 us a packet at 50,000 packets/s).
 */
export class ChunkMemory {
  readonly #buffers: Buffer[] = Array.from({ length: BUFFERS }, () => Buffer.alloc(0))

  /** Buffer 0, 1 or 2, of that many bytes. What it held is lost where it has to grow. */
  buffer(number: number, sizeBytes: number): Buffer {
    if (this.#buffers[number]!.length < sizeBytes) this.#buffers[number] = Buffer.allocUnsafeSlow(sizeBytes)
    return this.#buffers[number]!.subarray(0, sizeBytes)
  }
}

/**
 * The bytes of a file in chunks of at most 1 MiB. While one is used the next is read. A chunk stays as it is until the
 * chunk after the next one is asked for, or `memory` is given to another file; then its memory is used again. Throws
 * SP_FILE_UNREADABLE.
 */
export async function* fileChunks(
  path: string,
  memory: ChunkMemory = new ChunkMemory()
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await unreadable(path, open(path, 'r'))
  try {
    const chunkBytes = await chunkSize(path, handle)
    // All of a small file is in the first chunk.
    const otherBytes = chunkBytes < CHUNK_BYTES ? GROWTH_BYTES : CHUNK_BYTES
    const bufferOf = (count: number): Buffer =>
      memory.buffer(count % BUFFERS, count === 0 ? chunkBytes : otherBytes)
    const readInto = async (buffer: Buffer): Promise<Buffer> => {
      const { bytesRead } = await unreadable(path, handle.read(buffer, 0, buffer.length, null))
      return buffer.subarray(0, bytesRead)
    }
    let reading = readInto(bufferOf(0))
    for (let count = 1; ; count++) {
      const chunk = await reading
      if (chunk.length === 0) return
      reading = readInto(bufferOf(count))
      // Its error is thrown when it is awaited; a reader that stops before then does not want it.
      reading.catch(() => undefined)
      yield chunk
    }
  } finally {
    await handle.close()
  }
}

/** SHA-256 of a file, as hex; of its beginning where `signal` is aborted meanwhile. Throws SP_FILE_UNREADABLE. */
export async function fileDigest(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of fileChunks(path)) {
    hash.update(chunk)
    if (signal?.aborted === true) break
  }
  return hash.digest('hex')
}

/** Passes on what `work` gives, and its error as SP_FILE_UNREADABLE with the path. */
export async function unreadable<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StormpetrelError('SP_FILE_UNREADABLE', `${path}: cannot be read: ${reason}`, { cause: error })
  }
}

/** A small file needs no large buffers; a pipe, or a file that says it is empty, may give anything. */
async function chunkSize(path: string, handle: FileHandle): Promise<number> {
  const { size } = await unreadable(path, handle.stat())
  return size > 0 && size < CHUNK_BYTES ? size : CHUNK_BYTES
}
