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
 * A resting file is looked at again after this share of the time that it has not changed, at most so long: whoever
 * changes a file that was closed is noticed that late.
 */
const REST_SHARE = 0.1
const MAX_REST_MS = 10_000

interface Listed {
  readonly file: FolderFile
  readonly modifiedNs: bigint
  /** Since when it was seen unchanged, by the running clock. */
  readonly sinceMs: number
  /** When to look at it again, by the running clock; 0 is at every listing. */
  readonly restsUntilMs: number
}

/** Lists a folder again and again; asking the system about every file each time would cost more than reading some. */
export class CaptureFolder {
  readonly #folder: string
  #listed = new Map<string, Listed>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * The folder's files in order of modification time, then name; hidden and unfinished ones left out. A resting file is
   * listed as it was when it was looked at last. `runningMs` is a clock that never steps. Throws SP_FILE_UNREADABLE.
   */
  async list(runningMs: number): Promise<FolderFile[]> {
    const names = await unreadable(this.#folder, readdir(this.#folder))
    const before = this.#listed
    this.#listed = new Map()
    for (const name of names) {
      if (UNFINISHED.test(name)) continue
      const known = before.get(name)
      const isResting = known !== undefined && runningMs < known.restsUntilMs
      const listed = isResting ? known : await this.#lookAt(name, known, runningMs)
      if (listed !== null) this.#listed.set(name, listed)
    }
    return [...this.#listed.values()].sort(byTime).map(({ file }) => file)
  }

  /** Nothing is to be done with a file as it was listed: it rests. */
  rest(name: string, runningMs: number): void {
    const listed = this.#listed.get(name)
    if (listed === undefined || runningMs < listed.restsUntilMs) return
    const restMs = Math.min(MAX_REST_MS, (runningMs - listed.sinceMs) * REST_SHARE)
    this.#listed.set(name, { ...listed, restsUntilMs: runningMs + restMs })
  }

  /** Null for what is no file, or none any more. */
  async #lookAt(name: string, known: Listed | undefined, runningMs: number): Promise<Listed | null> {
    const path = join(this.#folder, name)
    const found = await statOrNull(path)
    if (found === null || !found.isFile()) return null
    const { ino, size, mtimeNs } = found
    const file = { path, name, inode: String(ino), sizeBytes: Number(size), modifiedNs: String(mtimeNs) }
    const isSame =
      known !== undefined &&
      known.modifiedNs === mtimeNs &&
      known.file.sizeBytes === file.sizeBytes &&
      known.file.inode === file.inode
    return { file, modifiedNs: mtimeNs, sinceMs: isSame ? known.sinceMs : runningMs, restsUntilMs: 0 }
  }
}

function byTime(a: Listed, b: Listed): number {
  if (a.modifiedNs !== b.modifiedNs) return a.modifiedNs < b.modifiedNs ? -1 : 1
  return a.file.name < b.file.name ? -1 : 1
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
