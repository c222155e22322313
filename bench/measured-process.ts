// Runs one Node program as a child process, on one core where that can be asked for, and answers what it used.
import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { packageRoot } from '../adapters/package-root.ts'

/** What one run of a program took. */
export interface Usage {
  /** From the start of the process to its end. */
  readonly wallSeconds: number
  /** Until it had printed what it ends after, or else until its end. */
  readonly printedSeconds: number
  /** User and system time of all its threads. */
  readonly cpuSeconds: number
  /** The most memory that was resident at once, in MiB. */
  readonly peakRssMib: number
  /** What it printed, where that was asked for. */
  readonly stdout: string
}

export interface MeasuredProgram {
  /** A compiled file, relative to the package. */
  readonly program: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** False sends standard output to /dev/null. */
  readonly keepsOutput: boolean
  /** The program is told to end (SIGTERM) when it has printed this; null waits for its own end. */
  readonly endsAfter: string | null
}

const CORE = availableParallelism() - 1

/** Whether programs are held on one core; without taskset (util-linux) they are not. */
export const isPinned = spawnSync('taskset', ['-c', String(CORE), 'true']).status === 0

/** Runs the program to its end. Throws where it fails. */
export async function measure(measured: MeasuredProgram): Promise<Usage> {
  const { program, args, environment, keepsOutput, endsAfter } = measured
  const hook = new URL('usage-hook.js', import.meta.url).href
  const node = [process.execPath, '--import', hook, join(packageRoot(), program), ...args]
  const [command, ...rest] = isPinned ? ['taskset', '-c', String(CORE), ...node] : node
  const startedMs = performance.now()
  const child = spawn(command!, rest, {
    stdio: ['ignore', keepsOutput || endsAfter !== null ? 'pipe' : 'ignore', 'inherit', 'pipe'],
    env: environment
  })
  let stdout = ''
  let printedSeconds: number | null = null
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (endsAfter === null || printedSeconds !== null || !stdout.includes(endsAfter)) return
    printedSeconds = (performance.now() - startedMs) / 1000
    child.kill('SIGTERM')
  })
  const usage = textOf(child.stdio[3] as Readable)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const wallSeconds = (performance.now() - startedMs) / 1000
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${exitCode}`)
  const used = JSON.parse(await usage) as NodeJS.ResourceUsage
  return {
    wallSeconds,
    printedSeconds: printedSeconds ?? wallSeconds,
    cpuSeconds: (used.userCPUTime + used.systemCPUTime) / 1e6,
    peakRssMib: used.maxRSS / 1024,
    stdout
  }
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
