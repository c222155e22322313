// A folder to which another program adds capture files: what lies there, and which of it is written to its end.
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type FileIdentity, fileKey } from '../core/spool/input-position.ts'
import { unreadable } from './file-chunks.ts'

/** A file as it lies in the folder. */
export type FolderFile = Omit<FileIdentity, 'head' | 'headBytes'> & { readonly path: string }

/** Names that other programs give to what they have not finished. */
const UNFINISHED = /^\.|\.(?:tmp|part)$/
const HEAD_BYTES = 4096

/**
 * The folder's files in order of modification time, then name; hidden and unfinished ones left out. Throws
 * SP_FILE_UNREADABLE.
 */
export async function listCaptureFolder(folder: string): Promise<FolderFile[]> {
  const names = await unreadable(folder, readdir(folder))
  const files: (FolderFile & { readonly order: bigint })[] = []
  for (const name of names) {
    if (UNFINISHED.test(name)) continue
    const path = join(folder, name)
    const found = await statOrNull(path)
    if (found === null || !found.isFile()) continue
    const { ino, size, mtimeNs } = found
    files.push({
      path,
      name,
      inode: String(ino),
      sizeBytes: Number(size),
      modifiedNs: String(mtimeNs),
      order: mtimeNs
    })
  }
  files.sort((a, b) => (a.order !== b.order ? (a.order < b.order ? -1 : 1) : a.name < b.name ? -1 : 1))
  return files.map(({ order: _order, ...file }) => file)
}

/** Null where the file is gone, which may happen at any time. */
async function statOrNull(path: string) {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    return await unreadable(path, Promise.reject(error as Error))
  }
}

/** CRC-32 of the first bytes of a file, at most so many; null where the file is gone or shorter. */
export async function headOf(
  path: string,
  sizeBytes: number
): Promise<{ head: number; headBytes: number } | null> {
  const headBytes = Math.min(HEAD_BYTES, sizeBytes)
  try {
    const handle = await open(path, 'r')
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
      return bytesRead < headBytes ? null : { head: crc32(buffer), headBytes }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    return await unreadable(path, Promise.reject(error as Error))
  }
}

/** Tells which files are closed: those whose size and time have not changed for a while. */
export class SettledFiles {
  readonly #settleMs: number
  #seen = new Map<string, { readonly size: number; readonly time: string; readonly sinceMs: number }>()

  constructor(settleMs: number) {
    this.#settleMs = settleMs
  }

  /** The closed ones of a listing. `wallMs` is the clock of modification times, `runningMs` one that never steps. */
  closed(files: readonly FolderFile[], wallMs: number, runningMs: number): FolderFile[] {
    const before = this.#seen
    this.#seen = new Map()
    return files.filter((file) => {
      const key = fileKey(file)
      const known = before.get(key)
      const isSame = known?.size === file.sizeBytes && known.time === file.modifiedNs
      const sinceMs = isSame ? known.sinceMs : runningMs
      this.#seen.set(key, { size: file.sizeBytes, time: file.modifiedNs, sinceMs })
      // A file that was there before this process need not be watched: its own time says the same.
      const ageMs = wallMs - Number(BigInt(file.modifiedNs) / 1_000_000n)
      return runningMs - sinceMs >= this.#settleMs || ageMs >= this.#settleMs
    })
  }
}
