// Traffic as capture files: microsecond pcap of Ethernet frames.
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Frame } from '../../core/capture/frame.ts'
import { Traffic, type TrafficOptions } from './traffic.ts'

const BLOCK_BYTES = 4 * 1024 * 1024
const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
const LARGEST_RECORD_BYTES = RECORD_HEADER_BYTES + 128

/** The beginning of every file. */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(1, 20)
  return header
}

/** Writes a frame as one record; answers where the next one begins. */
export function writeRecord(frame: Frame, into: Buffer, at: number): number {
  into.writeUInt32LE(frame.seconds, at)
  into.writeUInt32LE(Math.floor(frame.nanoseconds / 1000), at + 4)
  into.writeUInt32LE(frame.end, at + 8)
  into.writeUInt32LE(frame.end, at + 12)
  into.set(frame.bytes.subarray(0, frame.end), at + RECORD_HEADER_BYTES)
  return at + RECORD_HEADER_BYTES + frame.end
}

/** Writes a capture of so many frames, for peers that read nothing else; answers how many of them are packets. */
export function writeTrafficCapture(path: string, frames: number, options: TrafficOptions): number {
  const traffic = new Traffic(options)
  const block = Buffer.alloc(BLOCK_BYTES)
  const file = openSync(path, 'w')
  writeSync(file, pcapHeader())
  let end = 0
  for (let i = 0; i < frames; i++) {
    if (end + LARGEST_RECORD_BYTES > BLOCK_BYTES) {
      writeSync(file, block, 0, end)
      end = 0
    }
    traffic.next()
    end = writeRecord(traffic.frame, block, end)
  }
  writeSync(file, block, 0, end)
  closeSync(file)
  return frames - traffic.truth.damagedFrames
}
