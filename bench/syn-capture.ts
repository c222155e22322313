// Writes a capture of TCP SYNs as a telescope sees them, the same for the same seed: the load of the benchmarks.
import { closeSync, openSync, writeSync } from 'node:fs'

export interface SynCaptureOptions {
  readonly packets: number
  readonly seed: number
  /** Capture time of the first packet, in seconds since 1970, and packets in a second of capture time. */
  readonly startSeconds: number
  readonly packetsPerSecond: number
  /** Share of packets, 0..1, whose source is drawn from all addresses, so that hardly any other packet has it. */
  readonly newSourceShare: number
}

const SOURCES = 200_000
const COMMON_PORTS = [23, 22, 80, 443, 6379, 8080, 2323, 445, 3389, 5555, 81, 8443, 1433, 3306, 25, 5900]
const RECORD_BYTES = 16 + 14 + 40
const BLOCK_RECORDS = 16_384

/** xorshift32 (Marsaglia, 2003): 32 random bits a call. */
function randomBits(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}

/** Writes a microsecond pcap of Ethernet frames: a fifth Mirai-type, a tenth to random ports, sources Zipf-like. */
export function writeSynCapture(path: string, options: SynCaptureOptions): void {
  const random = randomBits(options.seed)
  const pool = Uint32Array.from({ length: SOURCES }, () => unicastAddress(random()))
  const file = openSync(path, 'w')
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65_535, 16)
  header.writeUInt32LE(1, 20)
  writeSync(file, header)
  const block = Buffer.alloc(BLOCK_RECORDS * RECORD_BYTES)
  for (let written = 0; written < options.packets; written += BLOCK_RECORDS) {
    const records = Math.min(BLOCK_RECORDS, options.packets - written)
    for (let i = 0; i < records; i++) writeRecord(block, i * RECORD_BYTES, written + i, options, pool, random)
    writeSync(file, block, 0, records * RECORD_BYTES)
  }
  closeSync(file)
}

function writeRecord(
  block: Buffer,
  at: number,
  index: number,
  options: SynCaptureOptions,
  pool: Uint32Array,
  random: () => number
): void {
  const second = Math.floor(index / options.packetsPerSecond)
  const within = index - second * options.packetsPerSecond
  block.writeUInt32LE(options.startSeconds + second, at)
  block.writeUInt32LE(Math.floor((within * 1_000_000) / options.packetsPerSecond), at + 4)
  block.writeUInt32LE(54, at + 8)
  block.writeUInt32LE(54, at + 12)
  block.writeUInt16BE(0x0800, at + 28)

  const ip = at + 30
  const kind = random() % 10
  const destination = (0xcb007100 + (random() & 0xff)) >>> 0
  const source = drawSource(options.newSourceShare, pool, random)
  block[ip] = 0x45
  block.writeUInt16BE(40, ip + 2)
  block.writeUInt16BE(random() & 0xffff, ip + 4)
  block[ip + 8] = 40 + (random() % 200)
  block[ip + 9] = 6
  block.writeUInt32BE(source, ip + 12)
  block.writeUInt32BE(destination, ip + 16)
  block.writeUInt16BE(1024 + (random() % 60_000), ip + 20)
  const isMirai = kind < 2
  const port = isMirai
    ? random() % 10 === 0
      ? 2323
      : 23
    : kind === 2
      ? random() & 0xffff
      : COMMON_PORTS[random() & 15]!
  block.writeUInt16BE(port, ip + 22)
  block.writeUInt32BE(isMirai ? destination : random(), ip + 24)
  block[ip + 32] = 0x50
  block[ip + 33] = 0x02
  block.writeUInt16BE(random() & 0xffff, ip + 34)
}

/** Few sources send most packets, the rest one or two each. */
function drawSource(newSourceShare: number, pool: Uint32Array, random: () => number): number {
  if (newSourceShare > 0 && random() / 2 ** 32 < newSourceShare) return unicastAddress(random())
  return pool[Math.floor(SOURCES * (random() / 2 ** 32) ** 3)]!
}

/** 1.0.0.0 to 223.255.255.254. */
export function unicastAddress(bits: number): number {
  return 0x01000000 + (bits % 0xdeffffff)
}
