// Files of counted windows (core/counts/exported-window.ts), gzip over lines of JSON.
import { createReadStream, createWriteStream } from 'node:fs'
import { realpath, rename, rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import {
  EXPORT_HEADER,
  type ExportedWindow,
  exportLine,
  parseExportLine
} from '../core/counts/exported-window.ts'
import { StormpetrelError } from '../core/errors.ts'
import { linesOf } from './text-lines.ts'

/**
 * Writes all windows; answers how many. The same windows give the same bytes. What was there before stays until all is
 * written. Throws SP_FILE_UNREADABLE, and what reading the windows throws.
 */
export async function writeExport(path: string, windows: AsyncIterable<ExportedWindow>): Promise<number> {
  let count = 0
  async function* lines(): AsyncGenerator<string> {
    yield `${EXPORT_HEADER}\n`
    for await (const window of windows) {
      count += 1
      yield `${exportLine(window)}\n`
    }
  }
  const writeTo = (to: string): Promise<void> =>
    pipeline(Readable.from(lines()), createGzip(), createWriteStream(to))
  try {
    const target = await replaceable(path)
    if (target === null) await writeTo(path)
    else await writeBeside(target, writeTo)
  } catch (error) {
    if (error instanceof StormpetrelError) throw error
    throw unreadable(path, error, 'see that the folder is there and may be written to')
  }
  return count
}

/** The file that is to be replaced, through links; null for a pipe or a device, which is only written to. */
async function replaceable(path: string): Promise<string | null> {
  const real = await realpath(path).catch(() => path)
  const found = await stat(real).catch(() => null)
  return found === null || found.isFile() ? real : null
}

async function writeBeside(path: string, writeTo: (path: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`
  try {
    await writeTo(unfinished)
    await rename(unfinished, path)
  } catch (error) {
    // What went wrong before is what is to be told.
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
}

/** A window of a file, or what is wrong with its line. */
export type ExportedLine =
  | { readonly kind: 'window'; readonly window: ExportedWindow; readonly unknown: readonly string[] }
  | { readonly kind: 'invalid'; readonly line: number; readonly why: string }

/**
 * Reads a file line by line; lines that are no window are told and passed over. Throws SP_FILE_UNREADABLE where it cannot be
 * read to its end, and SP_EXPORT_UNKNOWN where it is no such file.
 */
export async function* readExport(path: string): AsyncGenerator<ExportedLine> {
  const bytes = createReadStream(path)
  const text = createGunzip()
  // An error of the one is an error of the other, which the loop below throws.
  bytes.on('error', (error) => text.destroy(error))
  bytes.pipe(text)
  let line = 0
  try {
    for await (const { lines } of linesOf(text, path)) {
      for (const each of lines) {
        line += 1
        if (line === 1 && each !== EXPORT_HEADER) throw unknown(path)
        if (line === 1 || each === '') continue
        const parsed = parseExportLine(each)
        yield parsed.kind === 'window' ? parsed : { kind: 'invalid', line, why: parsed.why }
      }
    }
  } catch (error) {
    if (error instanceof StormpetrelError) throw error
    throw unreadable(path, error, 'every window before that was used; see that the file is whole')
  } finally {
    bytes.destroy()
  }
  if (line === 0) throw unknown(path)
}

function unknown(path: string): StormpetrelError {
  return new StormpetrelError(
    'SP_EXPORT_UNKNOWN',
    `${path}: it does not begin as a file of 'stormpetrel export' does (version 1); name such a file`
  )
}

function unreadable(path: string, error: unknown, advice: string): StormpetrelError {
  return new StormpetrelError('SP_FILE_UNREADABLE', `${path}: ${(error as Error).message}; ${advice}`, {
    cause: error
  })
}
