// The program `stormpetrel` in processes of its own: bin/stormpetrel.js, as an operator starts it.
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { packageRoot } from '../../../adapters/package-root.ts'

/** How a process ended, and all that it said. */
export interface ProgramEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export type LogLine = Readonly<Record<string, unknown>>

/** Longest that a line is waited for; a machine that is busy takes its time. */
const LONGEST_WAIT_MS = 90_000

/** A process that was started. */
export class Program {
  readonly #name: string
  readonly #child: ChildProcess
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<ProgramEnd>
  #stdout = ''
  #stderr = ''
  #isEnded = false
  readonly #waiting = new Set<() => void>()

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#name = args.slice(0, 3).join(' ')
    this.#child = spawn(process.execPath, [path.join(packageRoot(), 'bin/stormpetrel.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment }
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (exitCode, signal) => {
        this.#isEnded = true
        this.#wake()
        resolve({ exitCode, signal, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asks it to end, and waits until it has. */
  terminate(): Promise<ProgramEnd> {
    this.kill('SIGTERM')
    return this.ended
  }

  /** The lines of its log so far. */
  log(): LogLine[] {
    return this.#stderr
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** The first line of its log that is meant, as soon as it is there. Rejects where it does not come any more. */
  async logLine(isMeant: (line: LogLine) => boolean): Promise<LogLine> {
    const late = AbortSignal.timeout(LONGEST_WAIT_MS)
    late.addEventListener('abort', () => this.#wake())
    for (;;) {
      const line = this.log().find(isMeant)
      if (line !== undefined) return line
      if (this.#isEnded || late.aborted) throw new Error(`${this.#name} has not said it: ${this.#stderr}`)
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
  }

  /** Resolves when a service says that it is ready. */
  async ready(): Promise<void> {
    await this.logLine(({ message }) => String(message).endsWith(' is ready'))
  }

  /** What a service that is ready answers at a path such as /metrics. */
  async ask(pathname: string): Promise<{ readonly status: number; readonly body: string }> {
    const { metrics } = await this.logLine((line) => 'metrics' in line)
    const answer = await fetch(new URL(pathname, String(metrics)))
    return { status: answer.status, body: await answer.text() }
  }

  /** The sum of a metric over its labels; 0 where the service does not have it (yet). */
  async metric(name: string): Promise<number> {
    const { body } = await this.ask('/metrics')
    const values = body
      .split('\n')
      .filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
