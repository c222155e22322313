// A whole message, or one frame, that could not be used, as it goes to packets.rejected.
import { hash } from 'node:crypto'
import type { RejectedRecord } from '../batch/enriched-batch.ts'

/** Bytes of a rejected message that are kept: 1 MiB less room for the rest of the record. */
const KEPT_BYTES = 1024 * 1024 - 4096

/** The record of something rejected: its bytes cut to what a topic takes, with the length and hash of all of them. */
export function rejectedRecord(
  rejected: Omit<RejectedRecord, 'sha256' | 'lengthBytes'> & { readonly lengthBytes?: number }
): RejectedRecord {
  const { bytes } = rejected
  return {
    ...rejected,
    bytes: bytes.subarray(0, KEPT_BYTES),
    lengthBytes: rejected.lengthBytes ?? bytes.length,
    sha256: sha256(bytes)
  }
}

/** SHA-256, hex. */
export function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}
