// A file as chunks, read ahead of the reader.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { StormpetrelError } from '../core/errors.ts'

const CHUNK_BYTES = 1024 * 1024

/**
 * Memory for the chunks of one file after the other. New memory for each file, 3 MiB, has V8 mark its whole heap once a
 * second for a sensor at 100,000 packets/s, for what lies outside the heap: a fifth of the sensor's time.
 */
export class ChunkMemory {
  #buffers: readonly Buffer[] = []

  /** Three buffers of so many bytes each; what was taken before is used again. */
  take(chunkBytes: number): Buffer[] {
    if ((this.#buffers[0]?.length ?? 0) < chunkBytes)
      this.#buffers = [0, 1, 2].map(() => Buffer.allocUnsafeSlow(chunkBytes))
    return this.#buffers.map((buffer) => buffer.subarray(0, chunkBytes))
  }
}

/**
 * The bytes of a file in chunks of at most 1 MiB. While one is used the next is read. A chunk stays as it is until the
 * chunk after the next one is asked for; then its memory is used again. Whoever gives `memory` reads one file at a time with
 * it, and keeps no chunk when that is done. Throws SP_FILE_UNREADABLE.
 */
export async function* fileChunks(
  path: string,
  memory = new ChunkMemory()
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await unreadable(path, open(path, 'r'))
  try {
    const buffers = memory.take(await chunkSize(path, handle))
    const readInto = async (buffer: Buffer): Promise<Buffer> => {
      const { bytesRead } = await unreadable(path, handle.read(buffer, 0, buffer.length, null))
      return buffer.subarray(0, bytesRead)
    }
    let reading = readInto(buffers[0]!)
    for (let count = 1; ; count++) {
      const chunk = await reading
      if (chunk.length === 0) return
      reading = readInto(buffers[count % 3]!)
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
