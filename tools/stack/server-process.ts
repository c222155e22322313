import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startWatchdog } from './watchdog.ts'

/** How one server is started, seen to be ready, and ended. */
export interface ServerSettings {
  /** For messages: `kafka node 1`. */
  readonly name: string
  /** Working folder; its output goes to server.log there. */
  readonly folder: string
  /** A folder to delete when this process dies without having stopped the server. */
  readonly temporaryFolder: string | undefined
  readonly command: string
  readonly args: readonly string[]
  readonly readyLimitMs: number
  /** From SIGTERM until SIGKILL. */
  readonly stopLimitMs: number
  /** Rejects, with the reason, while the server does not do its work yet. Asked again until the limit. */
  checkReady(): Promise<void>
}

const POLL_MS = 50
const LOG_TAIL_LINES = 30

/** One child process with a life: started, ready, ended, started again. It never outlives this process. */
export class ServerProcess {
  readonly name: string
  readonly logFile: string
  readonly #settings: ServerSettings
  #child: ChildProcess | undefined

  constructor(settings: ServerSettings) {
    this.#settings = settings
    this.name = settings.name
    this.logFile = path.join(settings.folder, 'server.log')
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#isRunning() ? this.#child?.pid : undefined
  }

  /** Starts the process and resolves when it is ready; where it is not in time, ends it and throws its log's end. */
  async start(): Promise<void> {
    if (this.#isRunning()) return
    this.#child = await this.#spawn()
    try {
      await this.#untilReady(this.#child)
    } catch (error) {
      await this.kill9()
      throw error
    }
  }

  /** SIGTERM, and SIGKILL where that does not end it in time; resolves when it has ended. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** SIGKILL: the process has no chance to write anything. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL')
  }

  #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #spawn(): Promise<ChildProcess> {
    const { folder, command, args, temporaryFolder } = this.#settings
    mkdirSync(folder, { recursive: true })
    const log = openSync(this.logFile, 'a')
    // A session of its own, so that Ctrl-C in the terminal reaches only us, and we end the parts in order.
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    await once(child, 'spawn')
    child.unref()
    const watchdog = startWatchdog(child.pid as number, temporaryFolder)
    // At once, before the process id can be anyone else's.
    child.once('exit', () => watchdog.kill('SIGKILL'))
    return child
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + this.#settings.readyLimitMs
    for (;;) {
      if (!this.#isRunning()) {
        throw this.#failure(`ended (${child.exitCode ?? child.signalCode}) before it was ready`)
      }
      try {
        await this.#settings.checkReady()
        return
      } catch (error) {
        if (Date.now() > deadline) throw this.#failure(`is not ready in time: ${messageOf(error)}`, error)
      }
      await delay(POLL_MS)
    }
  }

  #failure(what: string, cause?: unknown): Error {
    const tail = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
    return new Error(`${this.name} ${what}. The end of ${this.logFile}:\n${tail}`, { cause })
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.#isRunning()) return
    const exit = once(child, 'exit')
    child.kill(signal)
    // The timer also keeps this process alive while it waits, which an unreferenced child does not.
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#settings.stopLimitMs)
    await exit
    clearTimeout(timer)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
