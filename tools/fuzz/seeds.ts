// Where inputs start from: captures at hand, and the packets in them behind every kind of link header.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import { createCaptureReader } from '../../core/capture/capture-reader.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { locateIp } from '../../core/capture/link-layer.ts'
import { LINK_HEADERS } from './link-headers.ts'
import type { Input } from './target.ts'

/** A frame that is longer tells no more about headers, and costs more. */
const MAX_FRAME_BYTES = 256
/** Of each capture file; whole ones would only be slower. */
const MAX_CAPTURE_BYTES = 1536
/** Packets behind each link header. */
const PACKETS_BEHIND_HEADERS = 24

/** The inputs that a run starts from. */
export interface Seeds {
  readonly files: number
  /** SHA-256 (hex) over the names and decompressed bytes of the files, in order of their names. */
  readonly hash: string
  readonly frames: readonly Input[]
  readonly captures: readonly Input[]
}

/** Reads all captures of the folders. */
export function loadSeeds(folders: readonly string[]): Seeds {
  const files = folders.filter((folder) => existsSync(folder)).flatMap(capturesIn)
  const hash = createHash('sha256')
  const frames: Input[] = []
  for (const { name, bytes } of files) {
    hash.update(`${name}\0${bytes.length}\0`)
    hash.update(bytes)
    frames.push(...framesOf(name, bytes))
  }
  const captures = files.map(({ bytes }) => ({ detail: 0, bytes: bytes.subarray(0, MAX_CAPTURE_BYTES) }))
  return {
    files: files.length,
    hash: hash.digest('hex'),
    frames: [...frames, ...behindHeaders(frames)],
    captures
  }
}

interface SeedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

function capturesIn(folder: string): SeedFile[] {
  const names = readdirSync(folder).filter((name) => /\.pcap(ng)?(\.gz|\.zst)?$/.test(name))
  return names.sort().map((name) => ({ name: basename(name), bytes: decompressed(join(folder, name)) }))
}

function decompressed(path: string): Uint8Array {
  const bytes = readFileSync(path)
  if (path.endsWith('.gz')) return gunzipSync(bytes)
  return path.endsWith('.zst') ? decompress(bytes) : bytes
}

/** The frames of a capture up to its damage, cut to the length that is worth it. */
function framesOf(name: string, bytes: Uint8Array): Input[] {
  const reader = createCaptureReader(name)
  const frames: Input[] = []
  try {
    reader.push(bytes)
    while (reader.next()) {
      const { frame } = reader
      const end = Math.min(frame.end, frame.start + MAX_FRAME_BYTES)
      frames.push({ detail: frame.linkType, bytes: frame.bytes.slice(frame.start, end) })
    }
  } catch (error) {
    if (!(error instanceof StormpetrelError)) throw error
  }
  return frames
}

/** Packets of all kinds, evenly from all frames, behind each link header. */
function behindHeaders(frames: readonly Input[]): Input[] {
  const byShape = new Map<string, Uint8Array>()
  for (const { detail, bytes } of frames) {
    const at = locateIp(bytes, 0, bytes.length, detail)
    if (at < 0 || bytes.length - at < 20) continue
    const version = bytes[at]! >> 4
    const shape = `${version} ${bytes[at + (version === 4 ? 9 : 6)]} ${bytes[at]! & 0xf}`
    if (!byShape.has(shape)) byShape.set(shape, bytes.subarray(at))
  }
  const packets = [...byShape.values()].slice(0, PACKETS_BEHIND_HEADERS)
  return LINK_HEADERS.flatMap(({ linkType, before }) =>
    packets.map((packet) => ({
      detail: linkType,
      bytes: Uint8Array.from([...before[packet[0]! >> 4 === 6 ? 6 : 4], ...packet])
    }))
  )
}
