// One process of the product under a supervisor, as systemd or Kubernetes would be: started again whenever it ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { startWatchdog } from '../stack/watchdog.ts'
import { holdsWithin, isGone } from './process-state.ts'

/** What is run. */
export interface SupervisedProcessOptions {
  /** For messages and the log's name: `tagger-1`. */
  readonly name: string
  /** Folder of the product that is run: bin/stormpetrel.js lies in it. */
  readonly product: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly logFolder: string
}

/** An end that nobody asked for. */
export interface UnaskedEnd {
  readonly name: string
  readonly atMs: number
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** The last line of its log: why. */
  readonly lastLine: string
}

const RESTART_AFTER_MS = 200
/** A process that ends soon after its start is started again later and later, up to this. */
const LONGEST_RESTART_MS = 3000
const SHORT_LIFE_MS = 5000
const STOP_LIMIT_MS = 40_000

/** `start` keeps it running until `stop`. */
export class SupervisedProcess {
  readonly name: string
  readonly logFile: string
  readonly unaskedEnds: UnaskedEnd[] = []
  readonly #options: SupervisedProcessOptions
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isWanted = false
  #isEndAsked = false
  #waitMs = RESTART_AFTER_MS
  starts = 0

  constructor(options: SupervisedProcessOptions) {
    this.#options = options
    this.name = options.name
    this.logFile = path.join(options.logFolder, `${options.name}.log`)
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null ? child.pid : undefined
  }

  start(): void {
    this.#isWanted = true
    this.#spawn()
  }

  /** SIGKILL. Resolves with whether the process was seen to be gone; it is started again by itself. */
  async kill9(): Promise<boolean> {
    const { pid } = this
    if (pid === undefined) return false
    this.#isEndAsked = true
    process.kill(pid, 'SIGKILL')
    return await holdsWithin(5000, () => isGone(pid))
  }

  /** SIGTERM. Resolves with whether the process ended by itself within its time; it is started again by itself. */
  async terminate(): Promise<boolean> {
    const { pid } = this
    if (pid === undefined) return false
    this.#isEndAsked = true
    process.kill(pid, 'SIGTERM')
    if (await holdsWithin(STOP_LIMIT_MS, () => isGone(pid))) return true
    if (!isGone(pid)) process.kill(pid, 'SIGKILL')
    return false
  }

  /** Ends it for good: SIGTERM, then SIGKILL. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<void> {
    this.#isWanted = false
    clearTimeout(this.#timer)
    const { pid } = this
    if (pid === undefined) return
    this.#isEndAsked = true
    process.kill(pid, 'SIGCONT')
    process.kill(pid, 'SIGTERM')
    if (!(await holdsWithin(limitMs, () => isGone(pid)))) process.kill(pid, 'SIGKILL')
    await this.#ended
  }

  /** Ends it for good, at once. */
  async end(): Promise<void> {
    this.#isWanted = false
    clearTimeout(this.#timer)
    this.#isEndAsked = true
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** How many lines of its log, over all its lives, hold the text. */
  countLines(text: string): number {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes(text)).length
  }

  #spawn(): void {
    const { product, args, environment } = this.#options
    const log = openSync(this.logFile, 'a')
    const child = spawn(process.execPath, [path.join(product, 'bin/stormpetrel.js'), ...args], {
      stdio: ['ignore', log, log],
      env: environment,
      // Ctrl-C in the terminal reaches only us, and we end our processes in order.
      detached: true
    })
    closeSync(log)
    this.#child = child
    this.#isEndAsked = false
    this.starts += 1
    const startedMs = performance.now()
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', (exitCode, signal) => {
        this.#afterEnd(performance.now() - startedMs, exitCode, signal)
        resolve()
      })
    })
    if (child.pid === undefined) return
    const watchdog = startWatchdog(child.pid, undefined)
    child.once('exit', () => watchdog.kill('SIGKILL'))
  }

  #afterEnd(livedMs: number, exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (!this.#isEndAsked) {
      const lastLine = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').at(-1) ?? ''
      this.unaskedEnds.push({ name: this.name, atMs: Date.now(), exitCode, signal, lastLine })
    }
    if (!this.#isWanted) return
    this.#waitMs = livedMs < SHORT_LIFE_MS ? Math.min(LONGEST_RESTART_MS, this.#waitMs * 2) : RESTART_AFTER_MS
    this.#timer = setTimeout(() => this.#spawn(), this.#waitMs)
  }
}
