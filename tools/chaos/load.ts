// The load: capture files appear in a folder a sensor, at a rate, with packet times that run faster than the clock.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type CaptureFormat, CaptureWriter } from './capture-writer.ts'
import { SENSORS, type SensorPlace } from './deployment.ts'
import { Random } from './random.ts'

/** What is written and how fast. */
export interface LoadOptions {
  readonly folder: string
  readonly seed: number
  /** Over all sensors. */
  readonly packetsPerSecond: number
  /** Seconds of packet time a second. */
  readonly speed: number
  readonly startSeconds: number
  readonly onFile: (sensor: SensorPlace, file: string) => void
}

/** Each sensor writes pcap in another form. */
export const FORMATS: readonly CaptureFormat[] = [
  { isBigEndian: false, isNanoseconds: false, isEthernet: true },
  { isBigEndian: false, isNanoseconds: true, isEthernet: true },
  { isBigEndian: true, isNanoseconds: false, isEthernet: false },
  { isBigEndian: true, isNanoseconds: true, isEthernet: true }
]
const LEAST_FILE_SECONDS = 0.8
const MOST_FILE_SECONDS = 3.2
const SOURCES_A_SENSOR = 4000

/** Writes until `stop`. */
export class Load {
  readonly #options: LoadOptions
  readonly #end = new AbortController()
  #running: Promise<void>[] = []
  /** Frames in closed files, by sensor. */
  readonly frames = new Map<string, number>()

  constructor(options: LoadOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = SENSORS.map((sensor, index) => this.#run(sensor, index))
  }

  /** Rejects where a file could not be written. */
  async stop(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#running)
  }

  get totalFrames(): number {
    return [...this.frames.values()].reduce((sum, frames) => sum + frames, 0)
  }

  async #run(sensor: SensorPlace, index: number): Promise<void> {
    const { folder, seed, packetsPerSecond, speed, startSeconds, onFile } = this.#options
    const random = new Random(seed * SENSORS.length + index)
    const own = path.join(folder, sensor.id)
    mkdirSync(own, { recursive: true })
    const writer = new CaptureWriter({
      folder: own,
      random,
      format: FORMATS[index]!,
      darkPrefix: sensor.darkPrefix,
      sources: SOURCES_A_SENSOR,
      startSeconds
    })
    let dueMs = performance.now()
    while (!this.#end.signal.aborted) {
      const seconds = random.between(LEAST_FILE_SECONDS, MOST_FILE_SECONDS)
      const frames = Math.max(1, Math.round((packetsPerSecond / SENSORS.length) * seconds))
      onFile(sensor, writer.write(frames, seconds * speed))
      this.frames.set(sensor.id, (this.frames.get(sensor.id) ?? 0) + frames)
      dueMs += seconds * 1000
      await delay(Math.max(1, dueMs - performance.now()), undefined, { signal: this.#end.signal }).catch(
        () => undefined
      )
    }
  }
}
