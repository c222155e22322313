// A sensor's capture files, as tcpdump -G leaves them: written under a hidden name, and renamed when they are closed.
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'
import { FrameMaker, MAX_FRAME_BYTES } from './frame-maker.ts'
import type { Random } from './random.ts'

/** How a sensor's files are written. */
export interface CaptureWriterOptions {
  readonly folder: string
  readonly random: Random
  readonly format: CaptureFormat
  readonly darkPrefix: number
  readonly sources: number
  /** Packet time of the first file's start, in seconds since 1970. */
  readonly startSeconds: number
}

/** Pcap in one of its forms: every sensor has another. */
export interface CaptureFormat {
  readonly isBigEndian: boolean
  readonly isNanoseconds: boolean
  readonly isEthernet: boolean
}

const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
/** One packet in so many is stamped up to this much early, as by captures with several queues. */
const LATE_ONE_IN = 100
const LATE_SECONDS = 15

/** Writes one file after the other; packet time goes on from file to file. */
export class CaptureWriter {
  readonly #options: CaptureWriterOptions
  readonly #frames: FrameMaker
  #buffer = Buffer.alloc(0)
  #files = 0
  #seconds: number

  constructor(options: CaptureWriterOptions) {
    const { random, format, darkPrefix, sources, startSeconds } = options
    this.#options = options
    this.#frames = new FrameMaker({ random, isEthernet: format.isEthernet, darkPrefix, sources })
    this.#seconds = startSeconds
  }

  /** Writes and closes a file of so many frames over so many seconds of packet time; answers its path. */
  write(frames: number, spanSeconds: number): string {
    const end = this.#fill(frames, spanSeconds)
    this.#seconds += spanSeconds
    this.#files += 1
    const name = `capture-${String(this.#files).padStart(6, '0')}.pcap`
    const { folder } = this.#options
    const hidden = path.join(folder, `.${name}`)
    const file = openSync(hidden, 'w')
    writeSync(file, this.#buffer, 0, end)
    fsyncSync(file)
    closeSync(file)
    renameSync(hidden, path.join(folder, name))
    return path.join(folder, name)
  }

  #fill(frames: number, spanSeconds: number): number {
    const { random, format, startSeconds } = this.#options
    const needed = FILE_HEADER_BYTES + frames * (RECORD_HEADER_BYTES + MAX_FRAME_BYTES)
    if (this.#buffer.length < needed) this.#buffer = Buffer.alloc(needed)
    else this.#buffer.fill(0)
    const bytes = this.#buffer
    const put32 = (value: number, at: number) =>
      format.isBigEndian ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at)
    put32(format.isNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0)
    // Version 2.4, whatever the byte order.
    if (format.isBigEndian) bytes.writeUInt32BE(0x00020004, 4)
    else bytes.writeUInt32LE(0x00040002, 4)
    put32(262_144, 16)
    put32(format.isEthernet ? 1 : 101, 20)
    let at = FILE_HEADER_BYTES
    for (let frame = 0; frame < frames; frame++) {
      const isLate = random.below(LATE_ONE_IN) === 0
      const late = isLate ? random.between(0, LATE_SECONDS) : 0
      const time = Math.max(startSeconds, this.#seconds + (spanSeconds * frame) / frames - late)
      const whole = Math.floor(time)
      const length = this.#frames.write(bytes, at + RECORD_HEADER_BYTES)
      put32(whole, at)
      put32(Math.floor((time - whole) * (format.isNanoseconds ? 1e9 : 1e6)), at + 4)
      put32(length, at + 8)
      put32(length, at + 12)
      at += RECORD_HEADER_BYTES + length
    }
    return at
  }
}
