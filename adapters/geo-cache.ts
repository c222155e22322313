// Flat geo tables between two starts, in a folder that may be deleted at any time. Two kinds of file:
//   <SHA-256 of a path, 32 digits>.identity.json   what the database at that path was when it was last read
//   <kind>-<SHA-256 of the database>.v1.flat       its table, after 4 words: magic, CRC-32 of the table, 0, 0
// Files appear by rename, so that a reader never sees half of one. Nothing here fails a start: what cannot be
// read is made again, and what cannot be written is made at every start.
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import type { FlatTable } from '../core/geo/flat-table.ts'
import { FLAT_TABLE_VERSION, parseFlatTable, serializeFlatTable } from '../core/geo/flat-table-bytes.ts'
import type { TableKind } from '../core/geo/layout.ts'

const MAGIC = 0x53504743
const HEADER_BYTES = 16

/** What is known of a database file without reading it again. */
export interface DatabaseFacts {
  /** SHA-256 (hex) of its bytes. */
  readonly sha256: string
  /** Build date (ISO 8601), or 'unknown'. */
  readonly built: string
}

interface Identity extends DatabaseFacts {
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedNs: string
  readonly inode: string
}

/** The cache in one folder. */
export class GeoCache {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The facts of the file at `path`: remembered where path, size, time and inode are the same, else `read` again. */
  async factsOf(path: string, read: () => Promise<DatabaseFacts>): Promise<DatabaseFacts> {
    const absolute = resolve(path)
    const { size, mtimeNs, ino } = await stat(absolute, { bigint: true })
    const key = { path: absolute, sizeBytes: Number(size), modifiedNs: String(mtimeNs), inode: String(ino) }
    const name = `${createHash('sha256').update(absolute).digest('hex').slice(0, 32)}.identity.json`
    const remembered = parseIdentity(await this.#readText(name))
    if (remembered !== null && isSameFile(remembered, key)) return remembered
    const facts = await read()
    await this.#write(name, [new TextEncoder().encode(JSON.stringify({ ...key, ...facts }))])
    return facts
  }

  /** The table of the database with that hash, or null where there is none or it is damaged. */
  async readTable(kind: TableKind, sha256: string): Promise<FlatTable | null> {
    const bytes = await this.#readBytes(tableName(kind, sha256))
    if (bytes === null || bytes.length < HEADER_BYTES) return null
    const [magic, checksum] = new Uint32Array(bytes.buffer, 0, 2)
    const body = bytes.subarray(HEADER_BYTES)
    if (magic !== MAGIC || checksum !== crc32(body)) return null
    return parseFlatTable(body)
  }

  /** Keeps the table; nothing happens where the folder cannot be written. */
  async writeTable(kind: TableKind, sha256: string, table: FlatTable): Promise<void> {
    const body = serializeFlatTable(table)
    const header = Uint32Array.of(MAGIC, crc32(body), 0, 0)
    await this.#write(tableName(kind, sha256), [new Uint8Array(header.buffer), body])
  }

  async #readText(name: string): Promise<string> {
    try {
      return await readFile(join(this.#folder, name), 'utf8')
    } catch (error) {
      return orRethrow(error, '')
    }
  }

  /** One read into one buffer of its own, so that words can be viewed in it. */
  async #readBytes(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    let handle: FileHandle | null = null
    try {
      handle = await open(join(this.#folder, name), 'r')
      const bytes = new Uint8Array((await handle.stat()).size)
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
      return bytesRead === bytes.length ? bytes : null
    } catch (error) {
      // Not there, a folder of that name, or a disk error: the table is made again from the database.
      return orRethrow(error, null)
    } finally {
      await handle?.close()
    }
  }

  async #write(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const path = join(this.#folder, name)
    const temporary = `${path}.${randomUUID()}.tmp`
    try {
      await mkdir(this.#folder, { recursive: true })
      await writeFile(temporary, parts)
      await rename(temporary, path)
    } catch (error) {
      // A full or read-only disk costs a second at every start and is no reason not to start.
      orRethrow(error, undefined)
      await rm(temporary, { force: true }).catch((error: unknown) => orRethrow(error, undefined))
    }
  }
}

function tableName(kind: TableKind, sha256: string): string {
  return `${kind}-${sha256}.v${FLAT_TABLE_VERSION}.flat`
}

function isSameFile(remembered: Identity, now: Omit<Identity, keyof DatabaseFacts>): boolean {
  return (
    remembered.path === now.path &&
    remembered.sizeBytes === now.sizeBytes &&
    remembered.modifiedNs === now.modifiedNs &&
    remembered.inode === now.inode
  )
}

/** Null for text that is no whole identity, however it came there. */
function parseIdentity(text: string): Identity | null {
  try {
    const value: unknown = JSON.parse(text)
    const isWhole = typeof value === 'object' && value !== null && 'sha256' in value && 'built' in value
    return isWhole && typeof value.sha256 === 'string' && typeof value.built === 'string'
      ? (value as Identity)
      : null
  } catch (error) {
    // Empty (no such file) or damaged: the database is read again.
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** What stands for a file where the system would not read or write it. Any other error is a mistake of the program. */
function orRethrow<T>(error: unknown, instead: T): T {
  if (typeof error === 'object' && error !== null && 'syscall' in error) return instead
  throw error
}
