// Where output goes. A pipe whose reader has gone (head, a closed pager) ends a verb quietly.
import type { Writable } from 'node:stream'

/** Thrown to unwind a verb when nobody reads any more: no fault, exit 0. */
export class ReaderGone extends Error {
  constructor() {
    super('the reader of the output has gone')
    this.name = 'ReaderGone'
  }
}

/** Takes output in order; a chunk may be used again once its write is settled. */
export interface Sink {
  /** Resolves when the chunk is handed to the system, so that a slow reader slows the writer. */
  write(chunk: Uint8Array | string): Promise<void>
}

/** A sink over a stream such as process.stdout. Throws ReaderGone where the reader has gone. */
export function streamSink(stream: Writable): Sink {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(isReaderGone(error) ? new ReaderGone() : error)
        })
      })
  }
}

/** True for what a write to a closed pipe fails with. */
export function isReaderGone(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || error instanceof ReaderGone
}
