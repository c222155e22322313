// Where a sensor is in the capture files that it follows. It is written with every batch, in one record, so that
// after any end reading goes on at the frame after the last one that is safe.

/** Which file, so that another one under the same name is not taken for it. */
export interface FileIdentity {
  /** Within the followed folder. */
  readonly name: string
  /** Decimal: inodes may exceed what a number holds. */
  readonly inode: string
  readonly sizeBytes: number
  /** Modification time in nanoseconds since 1970, decimal. */
  readonly modifiedNs: string
  /** CRC-32 of the first `headBytes`: tells a file that grew from one that was written anew over the same inode. */
  readonly head: number
  readonly headBytes: number
}

/** How far a file was read: its first `frames` frames are safe, or were refused with it. */
export interface FilePosition {
  readonly file: FileIdentity
  readonly frames: number
  /** True where nothing more is wanted of it, unless it grows. */
  readonly isFinished: boolean
}

/** One line that a file of a folder is found by. */
export function fileKey({ name, inode }: Pick<FileIdentity, 'name' | 'inode'>): string {
  return `${inode} ${name}`
}
