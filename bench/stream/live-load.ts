// The process that writes captures (live-load-main.ts), and what it says of them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../adapters/package-root.ts'
import type { LiveFile, LiveLoadOptions } from './live-load-main.ts'

/** Ends by itself after its seconds, or when it is told to. */
export class LiveLoad {
  /** Those that are closed so far. */
  readonly files: LiveFile[] = []
  /** It has made its folders when its first file is closed. */
  readonly whenReady: Promise<void>
  readonly #child: ChildProcess
  hasEnded = false
  endMs = Number.POSITIVE_INFINITY

  constructor(options: LiveLoadOptions) {
    const program = join(packageRoot(), 'dist', 'bench', 'stream', 'live-load-main.js')
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    this.#child = child
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => this.files.push(JSON.parse(line) as LiveFile))
    this.whenReady = once(lines, 'line').then(() => undefined)
    lines.on('close', () => {
      this.hasEnded = true
      this.endMs = Date.now()
    })
  }

  stop(): void {
    this.#child.kill('SIGTERM')
  }
}
