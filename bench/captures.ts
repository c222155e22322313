// The captures that the benchmark reads, made anew in a temporary folder: the same bytes every time.
import { createReadStream, createWriteStream } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { writeSynCapture } from './syn-capture.ts'

const SEED = 20_220_511
/** 2022-05-10T14:50:00Z: the packets of an hour's part, so that windows of minutes, hours and days end within. */
const START_SECONDS = 1_652_194_200
const PACKETS_PER_SECOND = 1000

const CONTENTS = {
  one: { packets: 1, newSourceShare: 0 },
  'syn-3m': { packets: 3_000_000, newSourceShare: 0 },
  'syn-1m': { packets: 1_000_000, newSourceShare: 0 },
  'tail-1m': { packets: 1_000_000, newSourceShare: 1 }
} as const

/** Which capture, in which compression. */
export type CaptureName = keyof typeof CONTENTS
export type Compression = 'none' | 'gz' | 'zst'

/** One folder's captures; each is made when it is first asked for. */
export class Captures {
  readonly #folder: string
  readonly #made = new Map<string, Promise<string>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  packets(name: CaptureName): number {
    return CONTENTS[name].packets
  }

  /** The capture's path. Throws where `zstd` is asked for and not installed. */
  path(name: CaptureName, compression: Compression = 'none'): Promise<string> {
    const key = compression === 'none' ? `${name}.pcap` : `${name}.pcap.${compression}`
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const made = this.#make(name, compression, join(this.#folder, key))
    this.#made.set(key, made)
    return made
  }

  async #make(name: CaptureName, compression: Compression, path: string): Promise<string> {
    if (compression === 'none') {
      const times = { startSeconds: START_SECONDS, packetsPerSecond: PACKETS_PER_SECOND }
      writeSynCapture(path, { ...CONTENTS[name], ...times, seed: SEED })
      return path
    }
    const plain = await this.path(name)
    if (compression === 'gz') {
      await pipeline(createReadStream(plain), createGzip(), createWriteStream(path))
    } else if (spawnSync('zstd', ['-q', '-o', path, plain]).status !== 0) {
      throw new Error('zstd is not installed, or failed; install the package of that name')
    }
    return path
  }
}
