// Traffic as a capture file, for peers that read nothing else.
import { closeSync, openSync, writeSync } from 'node:fs'
import { Traffic, type TrafficOptions } from './traffic.ts'

const BLOCK_BYTES = 4 * 1024 * 1024
const LARGEST_RECORD_BYTES = 16 + 128

/** Writes a microsecond pcap of so many Ethernet frames; answers how many of them are packets. */
export function writeTrafficCapture(path: string, frames: number, options: TrafficOptions): number {
  const traffic = new Traffic(options)
  const block = Buffer.alloc(BLOCK_BYTES)
  block.writeUInt32LE(0xa1b2c3d4, 0)
  block.writeUInt16LE(2, 4)
  block.writeUInt16LE(4, 6)
  block.writeUInt32LE(262_144, 16)
  block.writeUInt32LE(1, 20)
  const file = openSync(path, 'w')
  let end = 24
  for (let i = 0; i < frames; i++) {
    if (end + LARGEST_RECORD_BYTES > BLOCK_BYTES) {
      writeSync(file, block, 0, end)
      end = 0
    }
    traffic.next()
    const { frame } = traffic
    block.writeUInt32LE(frame.seconds, end)
    block.writeUInt32LE(Math.floor(frame.nanoseconds / 1000), end + 4)
    block.writeUInt32LE(frame.end, end + 8)
    block.writeUInt32LE(frame.end, end + 12)
    block.set(frame.bytes.subarray(0, frame.end), end + 16)
    end += 16 + frame.end
  }
  writeSync(file, block, 0, end)
  closeSync(file)
  return frames - traffic.truth.damagedFrames
}
