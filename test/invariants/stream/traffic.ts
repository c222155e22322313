// Sensors that send batches all the time, and the truth about what they sent.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Batcher, DEFAULT_BATCH_LIMITS } from '../../../core/batch/batcher.ts'
import { livePartition } from '../../../core/batch/partition.ts'
import type { Bus } from '../../../core/bus.ts'
import { frameOf, synPacket } from '../../builders/frames.ts'

/** Sensors of these streams: two of one vantage, one of another. */
export const SENSORS = ['tokyo-1', 'tokyo-2', 'seoul-1'] as const

export const SENSORS_YAML = `sensors:
  - id: tokyo-1
    country: JP
    dark-space: [203.0.113.0/25]
  - id: tokyo-2
    country: JP
    dark-space: [203.0.113.128/25]
  - id: seoul-1
    country: KR
    dark-space: [198.51.100.0/24]
`

const PORTS = [23, 22, 80, 443, 2323, 5555]
const BATCH_FRAMES = 40
/** Each sensor has lanes of its own, so that every partition has some. */
const LANES = 4
const PAUSE_MS = 80

/** Sends batches until it is told to end; every one is acknowledged, or the test fails. */
export class Traffic {
  /** Packets by port that were acknowledged. */
  readonly truth = new Map<string, number>()
  readonly #bus: Bus
  #partitions: number
  readonly #epoch = randomBytes(16).toString('hex')
  readonly #startedMs = Date.now()
  #batches = 0
  #isEnding = false
  #isPaused = false
  readonly #sending: Promise<void>[] = []
  readonly #inHand = new Set<Promise<unknown>>()

  constructor(bus: Bus, partitions: number) {
    this.#bus = bus
    this.#partitions = partitions
  }

  get packets(): number {
    return [...this.truth.values()].reduce((sum, packets) => sum + packets, 0)
  }

  /** Batches that were acknowledged. */
  get batches(): number {
    return this.#batches
  }

  start(): void {
    for (const sensor of SENSORS) this.add(sensor, 0, LANES)
  }

  /** New lanes of a sensor, on the partitions that there are now. */
  add(sensor: string, fromLane: number, toLane: number, partitions = this.#partitions): void {
    this.#partitions = partitions
    for (let lane = fromLane; lane < toLane; lane++) this.#sending.push(this.#send(sensor, lane))
  }

  /** Resolves when nothing is in hand any more; `resume` goes on. */
  async pause(): Promise<void> {
    this.#isPaused = true
    await Promise.all(this.#inHand)
  }

  resume(): void {
    this.#isPaused = false
  }

  /** Ends after the batches in hand are acknowledged. */
  async end(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#sending)
  }

  async #send(sensor: string, lane: number): Promise<void> {
    const batcher = new Batcher({
      sensor,
      epoch: this.#epoch,
      epochStartedMs: this.#startedMs,
      lane,
      file: null,
      limits: DEFAULT_BATCH_LIMITS,
      withDigest: true
    })
    const partition = livePartition({ sensor, epoch: this.#epoch, lane, number: 1 }, this.#partitions)
    while (!this.#isEnding) {
      const ports = Array.from(
        { length: BATCH_FRAMES },
        () => PORTS[Math.floor(Math.random() * PORTS.length)]!
      )
      const nowMs = Date.now()
      for (const dstPort of ports) {
        const src = [100, ...randomBytes(3)]
        batcher.add(frameOf(synPacket({ src, dstPort }), 0, Math.floor(nowMs / 1000)), 0, nowMs)
      }
      const published = this.#bus.publish('packets.raw', partition, [batcher.close(0, nowMs)!])
      this.#inHand.add(published)
      await published.finally(() => this.#inHand.delete(published))
      this.#batches += 1
      for (const port of ports) {
        this.truth.set(`port=${port}/TCP`, (this.truth.get(`port=${port}/TCP`) ?? 0) + 1)
      }
      do await sleep(PAUSE_MS)
      while (this.#isPaused && !this.#isEnding)
    }
  }
}
