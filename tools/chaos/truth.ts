// The truth: truth.py in a process of its own, which reads every file that is written.
import { type ChildProcess, spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import os from 'node:os'
import path from 'node:path'
import { checkoutFolder } from '../stack/checkout.ts'
import type { SensorPlace } from './deployment.ts'

/** What the files hold, all told. */
export interface TruthTotals {
  readonly frames: number
  readonly packets: number
  readonly captured: Readonly<Record<string, number>>
  /** By sensor and reason. */
  readonly rejected: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** What one window must hold. */
export interface TrueWindow {
  readonly size: 'minute' | 'hour' | 'day'
  readonly zone: string
  readonly start: number
  readonly vantage: string
  readonly packets: Readonly<Record<string, number>>
  readonly sources: Readonly<Record<string, number>> | null
}

/** The Python of the checkout, which set-up made. */
export function pythonOf(): string {
  return path.join(checkoutFolder(), '.cache/python/bin/python')
}

/** Counts what it is told of; `finish` gives the totals, and then `windows` can be read. */
export class Truth {
  readonly file: string
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>

  constructor(folder: string) {
    this.file = path.join(folder, 'truth.ndjson')
    const script = path.join(checkoutFolder(), 'tools/chaos/truth.py')
    this.#child = spawn(pythonOf(), [script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    if (this.#child.pid !== undefined) os.setPriority(this.#child.pid, 10)
    const written = createWriteStream(this.file)
    this.#child.stdout?.pipe(written)
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve(null))
      written.once('close', () => resolve(this.#child.exitCode))
    })
    // Where it died, `finish` says so.
    this.#child.stdin?.on('error', () => undefined)
  }

  add(sensor: SensorPlace, file: string): void {
    this.#child.stdin?.write(`${sensor.id} ${sensor.country} ${file}\n`)
  }

  async finish(): Promise<TruthTotals> {
    this.#child.stdin?.end()
    const exitCode = await this.#ended
    if (exitCode !== 0 && exitCode !== null) throw new Error(`truth.py ended with ${exitCode}`)
    for await (const line of this.#lines()) return JSON.parse(line) as TruthTotals
    throw new Error('truth.py said nothing')
  }

  async *windows(): AsyncGenerator<TrueWindow> {
    let isFirst = true
    for await (const line of this.#lines()) {
      if (!isFirst) yield JSON.parse(line) as TrueWindow
      isFirst = false
    }
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }

  #lines() {
    return createInterface({ input: createReadStream(this.file), crlfDelay: Number.POSITIVE_INFINITY })
  }
}
