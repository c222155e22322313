// Captures as files, folders or streams, plain, gzip or zstd. The magic number decides which, never the name.
import { createReadStream, createWriteStream, type Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createCaptureReader, isCaptureMagic } from '../core/capture/capture-reader.ts'
import type { CaptureReader } from '../core/capture/frame.ts'
import { StormpetrelError } from '../core/errors.ts'
import { type ChunkMemory, fileChunks, unreadable } from './file-chunks.ts'
import { GzipError, gunzip, isGzipMagic } from './gzip-stream.ts'
import { isZstdMagic, unzstd, ZstdError } from './zstd-stream.ts'

export { fileDigest } from './file-chunks.ts'

/** The name of standard input among capture arguments. */
export const STANDARD_INPUT = '-'

/** A capture to read. */
export interface CaptureFile {
  /** What people and batches call it; STANDARD_INPUT for standard input. */
  readonly name: string
  /** Where its bytes are: the name, unless they were copied. */
  readonly path: string
}

const MAGIC_BYTES = 4

type Chunks = AsyncIterable<Uint8Array>

/**
 * Called for each chunk: takes all frames that are there (`while (reader.next()) ...`). Where it returns a promise,
 * reading waits for it; frames are views into memory that is used again once it is settled.
 */
export type TakeFrames = (reader: CaptureReader) => void | Promise<void>

/** How a capture is read. */
export interface ReadCaptureOptions {
  /** Reading stops after the chunk at hand, without an error, once this is aborted. */
  readonly signal?: AbortSignal
  /** What the capture is called in errors, where that is not its path. */
  readonly name?: string
  /** Used for this file alone until it is read; its own without it. After an error it must not be used again. */
  readonly memory?: ChunkMemory
}

/**
 * Reads a capture from a file, or from standard input where `path` is `-`. All frames before a damage are given before
 * it throws SP_CAPTURE_DAMAGED, SP_COMPRESSION_DAMAGED or SP_FILE_UNREADABLE. Throws SP_CAPTURE_UNKNOWN and
 * SP_LINK_TYPE_UNSUPPORTED before the first frame.
 */
export async function readCaptureFile(
  path: string,
  takeFrames: TakeFrames,
  options: ReadCaptureOptions = {}
): Promise<void> {
  const { name = path } = options
  const title = name === STANDARD_INPUT ? 'standard input' : name
  if (path === STANDARD_INPUT) await readCaptureStream(process.stdin, title, takeFrames, options)
  else {
    let { memory } = options
    const open = (): Chunks => {
      // A second look at the file may begin while the first still reads ahead.
      const own = memory
      memory = undefined
      return fileChunks(path, own)
    }
    await readChunks(open, !(await isStream(path)), title, takeFrames, options)
  }
}

/** The time of a capture's first packet, in seconds since 1970; null where it has none or cannot be read. */
export async function firstPacketSeconds(path: string): Promise<number | null> {
  const stopping = new AbortController()
  let seconds: number | null = null
  const takeFirst = (reader: CaptureReader): void => {
    if (seconds === null && reader.next()) seconds = reader.frame.seconds
    if (seconds !== null) stopping.abort()
  }
  await readCaptureFile(path, takeFirst, { signal: stopping.signal }).catch(() => undefined)
  return seconds
}

/** True for what can be read once only: standard input, pipes and devices. What cannot be found is none. */
export async function isStream(path: string): Promise<boolean> {
  if (path === STANDARD_INPUT) return true
  const found = await stat(path).catch(() => null)
  return found !== null && !found.isFile() && !found.isDirectory()
}

/** Writes a stream's bytes as they are, compressed or not, to a new file. Throws SP_FILE_UNREADABLE. */
export async function copyStream(path: string, target: string): Promise<void> {
  const source = path === STANDARD_INPUT ? process.stdin : createReadStream(path)
  const title = path === STANDARD_INPUT ? 'standard input' : path
  await unreadable(title, pipeline(source, createWriteStream(target, { flags: 'wx', mode: 0o600 })))
}

/** As readCaptureFile, from a stream of bytes; `name` is for errors. */
export async function readCaptureStream(
  stream: Chunks,
  name: string,
  takeFrames: TakeFrames,
  options: ReadCaptureOptions = {}
): Promise<void> {
  await readChunks(() => stream, false, name, takeFrames, options)
}

/**
 * The files that capture arguments mean: a folder stands for all captures in it and in the folders in it, links too, by
 * magic number, in order of their paths; all else stands for itself. Throws SP_FILE_UNREADABLE for an argument that is
 * missing and SP_CAPTURE_UNKNOWN for a folder without captures; what cannot be read in a folder is among its captures.
 */
export async function expandCaptureArguments(paths: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    const isFolder = path !== STANDARD_INPUT && (await unreadable(path, stat(path))).isDirectory()
    if (isFolder) files.push(...(await capturesIn(path)))
    else files.push(path)
  }
  return files
}

async function capturesIn(folder: string): Promise<string[]> {
  const captures: string[] = []
  for (const file of await filesIn(folder)) if (await isCapture(file)) captures.push(file)
  if (captures.length === 0) {
    throw new StormpetrelError(
      'SP_CAPTURE_UNKNOWN',
      `${folder}: the folder holds no pcap or pcapng, plain, gzip or zstd`
    )
  }
  return captures
}

/**
 * The files in a folder and in the folders in it, behind links too, in order of their paths. Each folder is read once,
 * by its own path where it has one here. A folder in it that cannot be read is among the files, for whoever reads it.
 */
async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = []
  const seen = new Set<string>()
  const folders = [folder]
  const linkedFolders: string[] = []
  for (;;) {
    const path = folders.pop() ?? linkedFolders.shift()
    if (path === undefined) return files.sort()
    const entries = await entriesOf(path, seen, path === folder)
    if (entries === null) files.push(path)
    for (const { name, kind } of entries ?? []) {
      if (kind === 'file') files.push(join(path, name))
      else if (kind === 'folder') folders.push(join(path, name))
      else if (kind === 'linked-folder') linkedFolders.push(join(path, name))
    }
  }
}

interface FolderEntry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'linked-folder' | 'neither'
}

/** What a folder holds; nothing where it was seen before by its real path, null where it cannot be read. */
async function entriesOf(
  path: string,
  seen: Set<string>,
  mustBeReadable: boolean
): Promise<FolderEntry[] | null> {
  try {
    const real = await unreadable(path, realpath(path))
    if (seen.has(real)) return []
    seen.add(real)
    const entries = await unreadable(path, readdir(path, { withFileTypes: true }))
    return await Promise.all(
      entries.map(async (entry) => ({ name: entry.name, kind: await kindOf(entry, join(path, entry.name)) }))
    )
  } catch (error) {
    if (mustBeReadable || !isUnreadable(error)) throw error
    return null
  }
}

/** A link that leads nowhere is a file: reading it says so. A pipe or socket in a folder is nobody's capture. */
async function kindOf(entry: Dirent, path: string): Promise<FolderEntry['kind']> {
  if (entry.isDirectory()) return 'folder'
  if (!entry.isSymbolicLink()) return entry.isFile() ? 'file' : 'neither'
  const target = await stat(path).catch(() => null)
  if (target === null || target.isFile()) return 'file'
  return target.isDirectory() ? 'linked-folder' : 'neither'
}

/** Names that promise a capture: such a file is never passed over in silence, whatever its first bytes are. */
const CAPTURE_NAME = /\.(?:pcap|pcapng|cap)(?:\.gz|\.zst)?$/i

/** Whether a file is a capture; one that cannot be read, or is damaged, before that can be told is taken for one. */
async function isCapture(path: string): Promise<boolean> {
  if (CAPTURE_NAME.test(path)) return true
  try {
    const source = await openSource(() => fileChunks(path), true)
    const { bytes, close } = await peek(decompressed(source))
    await close()
    return isCaptureMagic(bytes)
  } catch (error) {
    if (error instanceof GzipError || error instanceof ZstdError || isUnreadable(error)) return true
    throw error
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof StormpetrelError && error.code === 'SP_FILE_UNREADABLE'
}

async function readChunks(
  open: () => Chunks,
  canReopen: boolean,
  name: string,
  takeFrames: TakeFrames,
  { signal }: ReadCaptureOptions
): Promise<void> {
  const source = await openSource(open, canReopen)
  const reader = createCaptureReader(source.compression === 'none' ? name : `${name} (decompressed)`)
  try {
    for await (const chunk of decompressed(source)) {
      reader.push(chunk)
      const taking = takeFrames(reader)
      if (taking !== undefined) await taking
      if (signal?.aborted === true) return
    }
  } catch (error) {
    if (error instanceof GzipError || error instanceof ZstdError)
      throw damaged(name, source.compression, error)
    throw error
  }
  reader.finish()
}

interface Source {
  readonly compression: 'none' | 'gzip' | 'zstd'
  /** The compressed bytes; a second call reads them once more, where that can be done. */
  readonly open: () => Chunks
  readonly canReopen: boolean
}

async function openSource(open: () => Chunks, canReopen: boolean): Promise<Source> {
  const { bytes, chunks } = await peek(open())
  let compression: Source['compression'] = 'none'
  if (isGzipMagic(bytes)) compression = 'gzip'
  else if (bytes.length >= MAGIC_BYTES && isZstdMagic(bytes)) compression = 'zstd'
  let opened: Chunks | null = chunks
  const openOnce = (): Chunks => {
    const stream = opened ?? open()
    opened = null
    return stream
  }
  return { compression, open: openOnce, canReopen }
}

function decompressed({ compression, open, canReopen }: Source): Chunks {
  if (compression === 'gzip') return gunzip(open, canReopen)
  return compression === 'zstd' ? unzstd(open()) : open()
}

interface Peeked {
  /** The first bytes, at least as many as a magic number has where the stream has as many. */
  readonly bytes: Uint8Array
  /** All of the stream. */
  readonly chunks: Chunks
  /** Ends the stream, for those who do not want it. */
  readonly close: () => Promise<void>
}

async function peek(stream: Chunks): Promise<Peeked> {
  const iterator = stream[Symbol.asyncIterator]()
  let bytes: Uint8Array = new Uint8Array(0)
  while (bytes.length < MAGIC_BYTES) {
    const { done, value } = await iterator.next()
    if (done === true) break
    bytes = bytes.length === 0 ? value : Buffer.concat([bytes, value])
  }
  const close = async (): Promise<void> => {
    await iterator.return?.()
  }
  const first = bytes
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (first.length > 0) yield first
      for (;;) {
        const { done, value } = await iterator.next()
        if (done === true) return
        yield value
      }
    } finally {
      await close()
    }
  }
  return { bytes, chunks: chunks(), close }
}

function damaged(name: string, compression: string, error: GzipError | ZstdError): StormpetrelError {
  return new StormpetrelError(
    'SP_COMPRESSION_DAMAGED',
    `${name}: the ${compression} stream is damaged at byte ${error.offset}: ${error.message}; every packet before it was used`,
    { cause: error }
  )
}
