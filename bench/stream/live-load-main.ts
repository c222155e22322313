// A program of its own, so that nothing holds it up: captures grow in a folder a sensor, as tcpdump -G leaves them, at a
// steady rate and with the clock's own times. Each closed file is a line of JSON on standard output.
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pcapHeader, writeRecord } from './traffic-capture.ts'
import { Traffic } from './traffic.ts'

/** What it is told as its one argument, as JSON. */
export interface LiveLoadOptions {
  readonly folder: string
  readonly sensors: readonly string[]
  /** Over all sensors. */
  readonly packetsPerSecond: number
  readonly seconds: number
  /** How long a file is written to before it is closed: a packet waits for its end. */
  readonly fileSeconds: number
}

/** A file that is closed: its frames came evenly between the two times, in milliseconds since 1970. */
export interface LiveFile {
  readonly sensor: string
  readonly frames: number
  readonly fromMs: number
  readonly toMs: number
}

/** Frames are made before the start, and come again after so long: making them takes a third of a core. */
const MADE_SECONDS = 4
/** Closed files are taken away when so many newer ones are there. */
const FILES_KEPT = 120
const SOURCES = 200_000
const LARGEST_RECORD_BYTES = 16 + 128

/** Frames of one sensor, with room for their times. */
class SensorFrames {
  readonly #bytes: Buffer
  /** Where each record begins; one more for the end. */
  readonly #starts: Uint32Array
  #next = 0

  constructor(seed: number, frames: number) {
    const traffic = new Traffic({
      seed,
      darkPrefix: 0xcb0071,
      sources: SOURCES,
      startSeconds: 0,
      packetsPerSecond: 1
    })
    this.#bytes = Buffer.alloc(frames * LARGEST_RECORD_BYTES)
    this.#starts = new Uint32Array(frames + 1)
    for (let i = 0; i < frames; i++) {
      traffic.next()
      this.#starts[i + 1] = writeRecord(traffic.frame, this.#bytes, this.#starts[i]!)
    }
  }

  /** Writes a file of the next frames, evenly between two times. */
  write(path: string, frames: number, fromMs: number, toMs: number): void {
    const file = openSync(`${path}.part`, 'w')
    writeSync(file, pcapHeader())
    for (let done = 0; done < frames; ) {
      const count = Math.min(frames - done, this.#starts.length - 1 - this.#next)
      for (let i = 0; i < count; i++) {
        const microseconds = Math.floor((fromMs + ((toMs - fromMs) * (done + i)) / frames) * 1000)
        const start = this.#starts[this.#next + i]!
        this.#bytes.writeUInt32LE(Math.floor(microseconds / 1e6), start)
        this.#bytes.writeUInt32LE(microseconds % 1e6, start + 4)
      }
      const start = this.#starts[this.#next]!
      writeSync(file, this.#bytes, start, this.#starts[this.#next + count]! - start)
      done += count
      this.#next = (this.#next + count) % (this.#starts.length - 1)
    }
    closeSync(file)
    renameSync(`${path}.part`, path)
  }
}

const options = JSON.parse(process.argv[2]!) as LiveLoadOptions
const own = options.packetsPerSecond / options.sensors.length
const sensors = options.sensors.map((sensor, index) => {
  const folder = join(options.folder, sensor)
  mkdirSync(folder, { recursive: true })
  return { sensor, folder, frames: new SensorFrames(20_220_511 + index, Math.ceil(own * MADE_SECONDS)) }
})
const startMs = Date.now()
for (let number = 1; number * options.fileSeconds <= options.seconds; number++) {
  const toMs = startMs + number * options.fileSeconds * 1000
  const fromMs = toMs - options.fileSeconds * 1000
  await sleep(Math.max(0, toMs - Date.now()))
  const frames = Math.round(own * options.fileSeconds)
  for (const { sensor, folder, frames: made } of sensors) {
    const name = `${startMs}-${String(number).padStart(6, '0')}.pcap`
    made.write(join(folder, name), frames, fromMs, toMs)
    const closed: LiveFile = { sensor, frames, fromMs, toMs }
    process.stdout.write(`${JSON.stringify(closed)}\n`)
    if (number % FILES_KEPT === 0) removeOldest(folder)
  }
}

function removeOldest(folder: string): void {
  const names = readdirSync(folder).filter((name) => name.endsWith('.pcap'))
  for (const name of names.sort().slice(0, -FILES_KEPT)) unlinkSync(join(folder, name))
}
