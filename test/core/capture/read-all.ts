import { createCaptureReader } from '../../../core/capture/capture-reader.ts'
import { StormpetrelError } from '../../../core/errors.ts'

/** What a frame was, copied out of the reader. */
export interface ReadFrame {
  number: number
  seconds: number
  nanoseconds: number
  linkType: number
  wireLengthBytes: number
  hex: string
}

/** Reads a capture in chunks of the given sizes (the last one goes on), and gives its frames and its error. */
export function readAll(
  capture: Uint8Array,
  chunkSizes: readonly number[] = [capture.length]
): { frames: ReadFrame[]; error: StormpetrelError | null } {
  const reader = createCaptureReader('some.pcap')
  const frames: ReadFrame[] = []
  try {
    for (let at = 0, index = 0; at < capture.length; index++) {
      const size = Math.max(1, chunkSizes[Math.min(index, chunkSizes.length - 1)]!)
      // A copy for each chunk, as a file or a pipe gives.
      const chunk = capture.slice(at, at + size)
      reader.push(chunk)
      while (reader.next()) {
        const { number, seconds, nanoseconds, linkType, wireLengthBytes, bytes, start, end } = reader.frame
        const hex = Buffer.from(bytes.subarray(start, end)).toString('hex')
        frames.push({ number, seconds, nanoseconds, linkType, wireLengthBytes, hex })
      }
      at += size
    }
    reader.finish()
  } catch (error) {
    if (!(error instanceof StormpetrelError)) throw error
    return { frames, error }
  }
  return { frames, error: null }
}
