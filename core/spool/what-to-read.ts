// What is still to be read of a file, by what was read of it before.
import type { FileIdentity, FilePosition } from './input-position.ts'

/** From which frame on a file that is not done with is read, or that it need not be. */
export type Reading =
  /** Known under another time: nothing is read, and it is known by the new one from now on. */
  | { readonly kind: 'renew'; readonly position: FilePosition }
  /** `frames` frames are safe already. */
  | { readonly kind: 'from'; readonly frames: number; readonly hasGrown: boolean }

/**
 * `known` is what was read of this name and inode, if any, and `headNow` the checksum that the file now has over the
 * bytes of `known.file.head`, null where it is shorter: a writer may begin anew in the same inode.
 */
export function whatToRead(file: FileIdentity, known: FilePosition | null, headNow: number | null): Reading {
  if (known === null || headNow !== known.file.head) return { kind: 'from', frames: 0, hasGrown: false }
  if (!known.isFinished) return { kind: 'from', frames: known.frames, hasGrown: false }
  if (file.sizeBytes > known.file.sizeBytes) return { kind: 'from', frames: known.frames, hasGrown: true }
  return { kind: 'renew', position: known }
}

/** Whether a file was read to its end and is as it was then. */
export function isDoneWith(
  { sizeBytes, modifiedNs }: Pick<FileIdentity, 'sizeBytes' | 'modifiedNs'>,
  { file, isFinished }: FilePosition
): boolean {
  return isFinished && file.sizeBytes === sizeBytes && file.modifiedNs === modifiedNs
}
