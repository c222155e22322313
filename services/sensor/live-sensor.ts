// A live sensor: tcpdump's stream in, batches of headers out, in order, one request in flight.
import { type LiveCaptureOptions, type LiveCapture, startLiveCapture } from '../../adapters/live-capture.ts'
import { Batcher, type BatchLimits } from '../../core/batch/batcher.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { createCaptureReader } from '../../core/capture/capture-reader.ts'
import type { SensorCounters } from './metrics.ts'

/** What a live sensor captures, and who takes its batches. */
export interface LiveSensorOptions {
  readonly sensor: string
  /** 128 random bits, hex: one a process start. */
  readonly epoch: string
  readonly capture: Omit<LiveCaptureOptions, 'onChunk' | 'onEnd'>
  readonly limits: BatchLimits
  /** A batch is closed after this long by the clock, full or not. */
  readonly batchAgeMs: number
  readonly nowMs: () => number
  /** Resolves when the batch is safe, with the bytes that were sent. While it does not, tcpdump waits, and what the kernel then drops is counted. */
  readonly publish: (batch: RawBatch) => Promise<number>
  readonly counters: SensorCounters
  /** Called once if the capture ends by itself or a batch cannot be published; the process must then exit. */
  readonly onFailure: (error: Error) => void
}

/** `start` opens the interface; `stop` ends the capture, and sends what was captured until then. */
export class LiveSensor {
  readonly #options: LiveSensorOptions
  readonly #reader: CaptureReader
  readonly #batcher: Batcher
  #capture: LiveCapture | null = null
  #timer: NodeJS.Timeout | null = null
  /** Batches are published one after the other: their order is their numbers' order. */
  #published: Promise<void> = Promise.resolve()

  constructor(options: LiveSensorOptions) {
    this.#options = options
    this.#reader = createCaptureReader(options.capture.interface)
    const { sensor, epoch, limits, nowMs } = options
    const batching = { sensor, epoch, limits, lane: 0, file: null, withDigest: true }
    this.#batcher = new Batcher({ ...batching, epochStartedMs: nowMs() })
  }

  async start(): Promise<void> {
    this.#capture = await startLiveCapture({
      ...this.#options.capture,
      onChunk: (chunk) => this.#read(chunk),
      onEnd: this.#options.onFailure
    })
    this.#timer = setInterval(() => this.#closeByAge(), this.#options.batchAgeMs)
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
    const batch = this.#batcher.close(this.#options.counters.kernelDrops, this.#options.nowMs())
    if (batch !== null) this.#publish(batch)
  }

  #publish(batch: RawBatch): void {
    const { publish, counters, nowMs, onFailure } = this.#options
    this.#published = this.#published
      .then(() => publish(batch))
      .then((sentBytes) => {
        counters.count(batch, sentBytes)
        counters.latency.observe(nowMs() - batch.closedAtMs)
      })
      .catch((error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))))
  }
}
