// What a verb may touch of the process: its output, its settings, and how it fails.
import type { Writable } from 'node:stream'
import { type Configuration, readConfiguration } from '../core/configuration.ts'
import { StormpetrelError } from '../core/errors.ts'
import { isReaderGone, ReaderGone, type Sink, streamSink } from './output/sink.ts'

/** An output stream of the process. */
export type Output = Writable & { readonly isTTY?: boolean }

/** Where a call of the program writes: data to stdout, everything else to stderr. */
export interface Streams {
  readonly stdout: Output
  readonly stderr: Output
}

/** Nothing went wrong, something did, or the command line asked for what there is not. */
export type ExitCode = 0 | 1 | 2

/** Errors of the question, not of what was read. */
const USAGE_CODES: ReadonlySet<string> = new Set(['SP_USAGE', 'SP_CONFIGURATION', 'SP_QUESTION_NOT_KEPT'])

/** One call of the program. */
export class CliContext {
  readonly stdout: Output
  readonly stderr: Output
  readonly #environment: Readonly<Record<string, string | undefined>>
  #exitCode: ExitCode = 0

  constructor(streams: Streams, environment: Readonly<Record<string, string | undefined>>) {
    this.stdout = streams.stdout
    this.stderr = streams.stderr
    this.#environment = environment
  }

  get exitCode(): ExitCode {
    return this.#exitCode
  }

  /** Standard output as a verb's records take it. */
  sink(): Sink {
    return streamSink(this.stdout)
  }

  /** Every setting. Throws SP_CONFIGURATION. */
  configuration(): Configuration {
    return readConfiguration(this.#environment)
  }

  /** One line on stderr, for people. */
  note(message: string): void {
    this.stderr.write(`stormpetrel: ${oneLine(message)}\n`)
  }

  /** Says that the verb did its work and that its answer is bad; exit code 1. */
  failWith(message: string): void {
    this.#exitCode = 1
    this.note(message)
  }

  /** Says what went wrong, and sets the exit code: 2 for bad usage, 1 for all else. */
  fail(error: unknown): void {
    if (error instanceof ReaderGone || (error instanceof Error && isReaderGone(error))) return
    const isUsage = error instanceof StormpetrelError && USAGE_CODES.has(error.code)
    this.#exitCode = isUsage ? 2 : 1
    this.note(messageOf(error))
  }
}

function messageOf(error: unknown): string {
  if (error instanceof StormpetrelError) return error.message
  // Anything else is a mistake of the program: where it happened helps whoever reports it.
  const where = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : ''
  return `internal error: ${error instanceof Error ? error.message : String(error)} ${where}; please report it`
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, ' ')
}
