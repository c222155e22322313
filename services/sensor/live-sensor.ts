// A live sensor: tcpdump's stream in, batches of headers out, in order, one request in flight.
import { type LiveCaptureOptions, type LiveCapture, startLiveCapture } from '../../adapters/live-capture.ts'
import { Batcher, type BatchLimits } from '../../core/batch/batcher.ts'
import type { DeclaredLoss, RawBatch } from '../../core/batch/raw-batch.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { createCaptureReader } from '../../core/capture/capture-reader.ts'
import type { SensorCounters } from './metrics.ts'

/** What a live sensor captures, and who takes its batches. */
export interface LiveSensorOptions {
  readonly sensor: string
  /** 128 random bits, hex: one a process start. */
  readonly epoch: string
  readonly epochStartedMs: number
  readonly capture: Omit<LiveCaptureOptions, 'onChunk' | 'onEnd'>
  readonly limits: BatchLimits
  /** A batch is closed after this long by the clock, full or not. */
  readonly batchAgeMs: number
  /** A batch without packets is closed after so long without any. */
  readonly heartbeatMs: number
  /** What the batch that is closed now declares never to send. */
  readonly takeLosses: () => readonly DeclaredLoss[]
  readonly nowMs: () => number
  /**
   * Takes the batch before it returns, in the order of the calls; resolves when it is safe. While it does not, tcpdump
   * waits, and what the kernel then drops is counted.
   */
  readonly publish: (batch: RawBatch) => Promise<void>
  readonly counters: SensorCounters
  /** Called once if the capture ends by itself or a batch cannot be made safe; the process must then exit. */
  readonly onFailure: (error: Error) => void
}

/** `start` opens the interface; `stop` ends the capture, and sends what was captured until then. */
export class LiveSensor {
  readonly #options: LiveSensorOptions
  readonly #reader: CaptureReader
  readonly #batcher: Batcher
  #capture: LiveCapture | null = null
  #timer: NodeJS.Timeout | null = null
  /** Settled when every batch so far is safe. */
  #published: Promise<void> = Promise.resolve()
  #lastBatchMs = 0

  constructor(options: LiveSensorOptions) {
    this.#options = options
    this.#reader = createCaptureReader(options.capture.interface)
    const { sensor, epoch, epochStartedMs, limits, takeLosses } = options
    const batching = { sensor, epoch, epochStartedMs, limits, takeLosses }
    this.#batcher = new Batcher({ ...batching, lane: 0, file: null, withDigest: true })
  }

  async start(): Promise<void> {
    this.#capture = await startLiveCapture({
      ...this.#options.capture,
      onChunk: (chunk) => this.#read(chunk),
      onEnd: this.#options.onFailure
    })
    this.#lastBatchMs = performance.now()
    const intervalMs = Math.min(this.#options.batchAgeMs, this.#options.heartbeatMs)
    this.#timer = setInterval(() => this.#closeByAge(), intervalMs)
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    const totals = await this.#capture?.stop()
    this.#capture = null
    if (totals !== undefined) this.#options.counters.kernelDrops = totals.kernelDrops
    const last = this.#batcher.close(this.#options.counters.kernelDrops, this.#options.nowMs())
    if (last !== null) this.#publish(last)
    await this.#published
  }

  /** Waiting for the batches of this chunk holds up tcpdump's pipe, and so bounds memory. */
  #read(chunk: Uint8Array): Promise<void> {
    const { counters, nowMs } = this.#options
    counters.kernelDrops = this.#capture?.kernelDrops() ?? 0
    counters.receivedBytes += chunk.length
    this.#reader.push(chunk)
    while (this.#reader.next()) {
      const full = this.#batcher.add(this.#reader.frame, counters.kernelDrops, nowMs())
      if (full !== null) this.#publish(full)
    }
    return this.#published
  }

  #closeByAge(): void {
    const { counters, nowMs, batchAgeMs, heartbeatMs } = this.#options
    const sinceMs = performance.now() - this.#lastBatchMs
    const isDue = sinceMs + TIMER_SLACK_MS >= batchAgeMs
    const batch =
      (isDue ? this.#batcher.close(counters.kernelDrops, nowMs()) : null) ??
      (sinceMs + TIMER_SLACK_MS >= heartbeatMs
        ? this.#batcher.closeEmpty(this.#capture?.kernelDrops() ?? 0, nowMs())
        : null)
    if (batch !== null) this.#publish(batch)
  }

  #publish(batch: RawBatch): void {
    this.#lastBatchMs = performance.now()
    const safe = this.#options.publish(batch)
    const before = this.#published
    this.#published = Promise.all([before, safe]).then(
      () => undefined,
      (error: unknown) => this.#options.onFailure(error instanceof Error ? error : new Error(String(error)))
    )
  }
}

/** Timers may fire a little early by the clock that is asked. */
const TIMER_SLACK_MS = 5
