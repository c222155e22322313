// Packets from an interface, through a child process, so that only the child holds the privilege to see them.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { StormpetrelError } from '../core/errors.ts'
import {
  CAPTURE_TOOLS,
  type CaptureRequest,
  type CaptureToolName,
  type CaptureTotals,
  captureAdvice
} from './live-capture-tools.ts'

export type { CaptureToolName, CaptureTotals } from './live-capture-tools.ts'

/** What is captured, by which program, and who takes it. */
export interface LiveCaptureOptions {
  readonly interface: string
  /** A pcap filter expression; none for every packet. */
  readonly filter?: string
  readonly tool?: CaptureToolName
  /** Bytes of each packet that are captured: enough for every header that a sensor keeps. Default 256. */
  readonly snapLengthBytes?: number
  /** Room in the kernel for packets that were not read yet. Default 16 MiB, some 40,000 packets. */
  readonly kernelBufferBytes?: number
  /** Default `inout`: what the interface sends is captured too, unless the filter says otherwise. */
  readonly direction?: 'in' | 'out' | 'inout'
  /** Words before the tool's name, such as `ip netns exec NAME`; signals must reach the tool (so no sudo). */
  readonly launcher?: readonly string[]
  /**
   * Takes the next bytes of the pcap (dumpcap: pcapng) stream, cut anywhere. While its promise is pending nothing
   * is read; the kernel's buffer fills, and what it then drops is counted. A rejection ends the capture.
   */
  readonly onChunk: (chunk: Uint8Array) => void | Promise<void>
  /** Called once where the capture ends without `stop`: SP_LIVE_CAPTURE, or the error that onChunk threw. */
  readonly onEnd: (error: Error) => void
}

/** A capture that runs. */
export interface LiveCapture {
  /** Packets that the kernel dropped since the start, as of the last second (dumpcap: 0 until it has ended). */
  kernelDrops(): number
  /** Ends the tool, hands on what it still wrote, and gives its final totals. Idempotent. */
  stop(): Promise<CaptureTotals>
}

const TOTALS_INTERVAL_MS = 1000
const KILL_AFTER_MS = 5000
const KEPT_LINES = 8

/**
 * Starts tcpdump (or dumpcap) and resolves as soon as it captures. Rejects with SP_LIVE_CAPTURE, in the tool's own
 * words, where it is missing, has no permission, or knows neither the interface nor the filter.
 */
export async function startLiveCapture(options: LiveCaptureOptions): Promise<LiveCapture> {
  const capture = new ToolCapture(options)
  await capture.start()
  return capture
}

/** How the child ended. */
interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

class ToolCapture implements LiveCapture {
  readonly #options: LiveCaptureOptions
  readonly #toolName: CaptureToolName
  readonly #lines: string[] = []
  #child: ChildProcessByStdio<null, Readable, Readable> | undefined
  #totals: CaptureTotals = { capturedPackets: 0, kernelDrops: 0, interfaceDrops: 0 }
  #timer: NodeJS.Timeout | undefined
  #isReady = false
  #isStopping = false
  #ended: Promise<void> = Promise.resolve()

  constructor(options: LiveCaptureOptions) {
    this.#options = options
    this.#toolName = options.tool ?? 'tcpdump'
  }

  async start(): Promise<void> {
    const [command, ...words] = [
      ...(this.#options.launcher ?? []),
      this.#toolName,
      ...CAPTURE_TOOLS[this.#toolName].arguments(requestOf(this.#options))
    ]
    const child = spawn(command!, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' }
    })
    this.#child = child
    const ready = this.#readLines(child.stderr)
    const pumped = this.#pump(child.stdout)
    const closed = new Promise<Exit>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    const refused = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(this.#spawnError(error)))
    })
    const end = Promise.all([pumped, closed])
    const early = end.then(([failure, exit]) => Promise.reject(failure ?? this.#endError(exit)))
    await Promise.race([ready, early, refused])
    this.#isReady = true
    this.#watch()
    this.#ended = end.then(([failure, exit]) => this.#finish(failure, exit))
    child.on('error', (error) => this.#lines.push(error.message))
  }

  kernelDrops(): number {
    return this.#totals.kernelDrops
  }

  async stop(): Promise<CaptureTotals> {
    if (!this.#isStopping) {
      this.#isStopping = true
      this.#child?.kill('SIGTERM')
    }
    const kill = setTimeout(() => this.#child?.kill('SIGKILL'), KILL_AFTER_MS)
    await this.#ended.finally(() => clearTimeout(kill))
    return this.#totals
  }

  /** Hands chunks on one at a time; gives the error of onChunk, which ends the capture, instead of throwing it. */
  async #pump(stdout: Readable): Promise<Error | null> {
    try {
      for await (const chunk of stdout) await this.#options.onChunk(chunk as Uint8Array)
      return null
    } catch (error) {
      this.#child?.kill('SIGTERM')
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  /** Resolves at the line that says that packets are captured. */
  #readLines(stderr: Readable): Promise<void> {
    const tool = CAPTURE_TOOLS[this.#toolName]
    return new Promise((resolve) => {
      createInterface({ input: stderr }).on('line', (line) => {
        const totals = tool.totalsIn(line)
        if (totals !== null) this.#totals = { ...this.#totals, ...totals }
        else if (tool.isReadyLine(line)) resolve()
        else if (this.#lines.push(line.trim()) > KEPT_LINES) this.#lines.shift()
      })
    })
  }

  #watch(): void {
    if (!CAPTURE_TOOLS[this.#toolName].printsTotalsOnSignal) return
    this.#timer = setInterval(() => this.#child?.kill('SIGUSR1'), TOTALS_INTERVAL_MS)
  }

  #finish(failure: Error | null, exit: Exit): void {
    clearInterval(this.#timer)
    if (failure !== null) this.#options.onEnd(failure)
    else if (!this.#isStopping) this.#options.onEnd(this.#endError(exit))
  }

  #endError({ code, signal }: Exit): StormpetrelError {
    const how = signal === null ? `exit code ${code}` : signal
    const words = this.#lines.length === 0 ? how : this.#lines.join(' ')
    const what = this.#isReady ? 'ended by itself' : 'cannot capture'
    return new StormpetrelError(
      'SP_LIVE_CAPTURE',
      `${this.#toolName} ${what} on interface ${this.#options.interface}: ${words}. ${captureAdvice(this.#toolName, words)}`
    )
  }

  #spawnError(error: NodeJS.ErrnoException): StormpetrelError {
    const { packageName } = CAPTURE_TOOLS[this.#toolName]
    const advice =
      error.code === 'ENOENT' ? `Install it: apt-get install ${packageName}` : 'Check that it can be run.'
    return new StormpetrelError(
      'SP_LIVE_CAPTURE',
      `${this.#toolName} cannot be started for interface ${this.#options.interface}: ${error.message}. ${advice}`,
      { cause: error }
    )
  }
}

function requestOf(options: LiveCaptureOptions): CaptureRequest {
  return {
    interface: options.interface,
    filter: options.filter ?? '',
    snapLengthBytes: options.snapLengthBytes ?? 256,
    kernelBufferBytes: options.kernelBufferBytes ?? 16 * 1024 * 1024,
    direction: options.direction ?? 'inout'
  }
}
