// A text file as lines, a chunk at a time.
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
 * left out. Throws SP_FILE_UNREADABLE.
 */
export async function* textLines(path: string): AsyncGenerator<LineBlock, void, undefined> {
  const chunks: AsyncIterable<Uint8Array> = path === STANDARD_INPUT ? process.stdin : fileChunks(path)
  yield* linesOf(guarded(path, chunks))
}

/** The same of bytes from anywhere. Throws what they throw, and a RangeError for a line of over LONGEST_LINE. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>
): AsyncGenerator<LineBlock, void, undefined> {
  const decoder = new TextDecoder()
  let firstLine = 1
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/)
    rest = lines.pop()!
    if (rest.length > LONGEST_LINE) throw new RangeError(`line ${firstLine + lines.length} is too long`)
    yield { firstLine, lines }
    firstLine += lines.length
  }
  rest += decoder.decode()
  if (rest !== '') yield { firstLine, lines: [rest] }
}

async function* guarded(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await unreadable(path === STANDARD_INPUT ? 'standard input' : path, iterator.next())
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // A reader that stops at a bad line closes the file too.
    await iterator.return?.()
  }
}
