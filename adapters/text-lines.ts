// A text file as lines, a chunk at a time.
import { StormpetrelError } from '../core/errors.ts'
import { STANDARD_INPUT } from './capture-files.ts'
import { fileChunks, unreadable } from './file-chunks.ts'

/** Lines that follow one another. */
export interface LineBlock {
  /** Of the first one, from 1. */
  readonly firstLine: number
  /** Without their ends, LF or CRLF. */
  readonly lines: readonly string[]
}

/** A line may have so many characters: nobody means more, and all of it is in memory. */
const LONGEST_LINE = 64 * 1024 * 1024

/**
 * The lines of a UTF-8 file, or of standard input where `path` is `-`, in blocks of about a mebibyte; a byte order mark is
 * left out. Throws SP_FILE_UNREADABLE, also for a line of over 64 Mi characters.
 */
export async function* textLines(path: string): AsyncGenerator<LineBlock, void, undefined> {
  const chunks: AsyncIterable<Uint8Array> = path === STANDARD_INPUT ? process.stdin : fileChunks(path)
  yield* linesOf(guarded(path, chunks), titleOf(path))
}

/** The same of bytes from anywhere, called `title` in errors. Throws likewise, and what they throw. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  title: string
): AsyncGenerator<LineBlock, void, undefined> {
  const decoder = new TextDecoder()
  let firstLine = 1
  // A line may be many chunks long: each is looked through once.
  let pieces: string[] = []
  let length = 0
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    const rest = parts.pop()!
    if (parts.length > 0) {
      parts[0] = pieces.join('') + parts[0]!
      pieces = []
      length = 0
      yield { firstLine, lines: parts.map(withoutReturn) }
      firstLine += parts.length
    }
    pieces.push(rest)
    length += rest.length
    if (length > LONGEST_LINE) throw tooLong(title, firstLine)
  }
  const last = pieces.join('') + decoder.decode()
  if (last !== '') yield { firstLine, lines: [last] }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function tooLong(title: string, line: number): StormpetrelError {
  return new StormpetrelError(
    'SP_FILE_UNREADABLE',
    `${title}, line ${line}: it has more than ${LONGEST_LINE} characters, and is no line of text that is meant; see that it is the right file`
  )
}

function titleOf(path: string): string {
  return path === STANDARD_INPUT ? 'standard input' : path
}

async function* guarded(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await unreadable(titleOf(path), iterator.next())
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // A reader that stops at a bad line closes the file too.
    await iterator.return?.()
  }
}
