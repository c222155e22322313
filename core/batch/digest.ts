// The digest of a batch's contents: equal names must have equal digests, or a name was used twice.
import { createHash } from 'node:crypto'
import type { RawBatch } from './raw-batch.ts'

const text = new TextEncoder()

/**
 * SHA-256 (hex) of everything in a batch but its name, its digest, its epoch's start and its file's name: a file that
 * is played again from another folder is the same file.
 */
export function digestOf(batch: Omit<RawBatch, 'name' | 'digest' | 'epochStartedMs' | 'file'>): string {
  const hash = createHash('sha256')
  hash.update(batch.capture)
  hash.update(
    batch.frames instanceof Float64Array ? bytesOf(batch.frames) : bytesOf(new Float64Array(batch.frames))
  )
  for (const frame of batch.refused) {
    hash.update(text.encode(`${frame.frame},${frame.linkType},${frame.reason},${frame.lengthBytes};`))
    hash.update(frame.bytes)
  }
  hash.update(
    text.encode(
      JSON.stringify([
        batch.closedAtMs,
        batch.packets,
        batch.framesBefore,
        batch.kernelDrops,
        batch.declaredLosses
      ])
    )
  )
  return hash.digest('hex')
}

function bytesOf(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
