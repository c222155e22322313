// Output streams that keep what is written, for tests of verbs.
import { Writable } from 'node:stream'
import { runCli } from '../../cli/run-cli.ts'
import type { Sink } from '../../cli/output/sink.ts'

/** A stream that keeps its text. */
export class CollectedOutput extends Writable {
  readonly isTTY: boolean
  readonly #chunks: Buffer[] = []

  constructor(isTTY = false) {
    super()
    this.isTTY = isTTY
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // The writer uses its buffer again after this.
    this.#chunks.push(Buffer.from(chunk))
    done()
  }
}

/** A sink that keeps its text, and its size at each write. */
export class CollectedSink implements Sink {
  readonly #chunks: Buffer[] = []

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  get largestChunkBytes(): number {
    return Math.max(...this.#chunks.map(({ length }) => length), 0)
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    this.#chunks.push(Buffer.from(chunk as string))
  }
}

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Calls the program in this process; `isTerminal` for both streams. */
export async function stormpetrel(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  isTerminal = false
): Promise<CliResult> {
  const stdout = new CollectedOutput(isTerminal)
  const stderr = new CollectedOutput(isTerminal)
  const exitCode = await runCli(args, { stdout, stderr }, environment)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

/** Lines of JSON as values. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
