// `stormpetrel up` as a process of its own, with its page on a free port.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../adapters/package-root.ts'

/** One process; `end` it always. */
export class UpProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #waiting = new Set<() => void>()
  #isEnded = false
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], input?: Uint8Array) {
    this.#child = spawn(process.execPath, [join(packageRoot(), 'bin/stormpetrel.js'), 'up', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, STORMPETREL_HTTP_PORT: '0' }
    })
    this.#child.stdin!.end(input ?? '')
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#wake()
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#isEnded = true
        this.#wake()
        resolve()
      })
    })
  }

  /** What the page is drawn from, once every capture is played. */
  async summary(): Promise<Record<string, unknown>> {
    while (!this.stdout.includes('Played: ')) {
      if (this.#isEnded) throw new Error(`up has ended: ${this.stdout} ${this.stderr}`)
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
    const [, url] = /page +(\S+)/.exec(this.stdout)!
    return (await (await fetch(`${url}api/summary`)).json()) as Record<string, unknown>
  }

  async end(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
