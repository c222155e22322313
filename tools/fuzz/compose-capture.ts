// Captures from frames at hand, in either format, byte order and version, with whatever a writer may write.
import { LINK_TYPES } from './link-headers.ts'
import type { SeededRandom } from './random.ts'
import type { Scratch } from './scratch.ts'
import type { Input } from './target.ts'

const START_SECONDS = 1_700_000_000
const MAGICS = [0xa1b2c3d4, 0xa1b2c3d4, 0xa1b23c4d, 0xa1b23c4d, 0xa1b2cd34]
const VERSIONS: readonly (readonly [number, number])[] = [
  [2, 4],
  [2, 4],
  [2, 4],
  [2, 3],
  [2, 2],
  [543, 0],
  [1, 9]
]
/** Blocks without packets: names, statistics, decryption secrets, custom, and one that nobody knows. */
const OTHER_BLOCKS = [4, 5, 10, 0xbad, 0x40000bad, 0x0bad_beef]
const RESOLUTIONS = [6, 9, 3, 0, 12, 0x80, 0x94, 0xa0, 0x7f, 0xff]

/** Makes a capture of one to eight frames, whose bytes and link types are as in `frames`. */
export function composeCapture(scratch: Scratch, frames: readonly Input[], random: SeededRandom): void {
  scratch.end = scratch.start
  const chosen: Input[] = []
  for (let left = random.oneIn(8) ? 8 : 1 + random.below(3); left > 0; left--)
    chosen.push(random.pick(frames))
  if (random.oneIn(2)) composePcap(new Writer(scratch, random.oneIn(2)), chosen, random)
  else composePcapng(new Writer(scratch, random.oneIn(2)), chosen, random)
}

function composePcap(out: Writer, frames: readonly Input[], random: SeededRandom): void {
  const magic = random.pick(MAGICS)
  const [major, minor] = random.pick(VERSIONS)
  const isWireFirst = (major === 2 && minor === 2) || major === 543
  out.u32(magic)
  out.u16(major)
  out.u16(minor)
  out.u32(0)
  out.u32(0)
  out.u32(random.oneIn(8) ? random.next() : 262_144)
  out.u32(frames[0]!.detail)
  for (const { bytes } of frames) {
    const wireBytes = bytes.length + (random.oneIn(4) ? random.below(2000) : 0)
    out.u32(timeOf(random))
    out.u32(random.oneIn(16) ? random.next() : random.below(1_000_000))
    out.u32(isWireFirst ? wireBytes : bytes.length)
    out.u32(isWireFirst ? bytes.length : wireBytes)
    if (magic === 0xa1b2cd34) for (let i = 0; i < 2; i++) out.u32(random.next())
    out.bytes(bytes)
  }
}

function composePcapng(out: Writer, frames: readonly Input[], random: SeededRandom): void {
  section(out, random)
  let interfaces = 0
  for (const frame of frames) {
    if (interfaces > 0 && random.oneIn(12)) {
      out.isLittleEndian = random.oneIn(2)
      section(out, random)
      interfaces = 0
    }
    if (random.oneIn(6)) out.block(random.pick(OTHER_BLOCKS), () => out.zeros(random.below(8) * 4))
    if (interfaces === 0 || random.oneIn(3)) {
      interfaceBlock(out, random.oneIn(24) ? random.pick(LINK_TYPES) : frame.detail, random)
      interfaces += 1
    }
    packetBlock(out, frame.bytes, interfaces - 1, random)
  }
  if (random.oneIn(6)) out.block(random.pick(OTHER_BLOCKS), () => out.zeros(random.below(8) * 4))
}

function section(out: Writer, random: SeededRandom): void {
  out.block(0x0a0d0d0a, () => {
    out.u32(0x1a2b3c4d)
    out.u16(random.oneIn(64) ? 2 : 1)
    out.u16(0)
    out.u32(0xffffffff)
    out.u32(0xffffffff)
    if (random.oneIn(8)) option(out, 3, [0x66, 0x75, 0x7a, 0x7a])
  })
}

function interfaceBlock(out: Writer, linkType: number, random: SeededRandom): void {
  out.block(1, () => {
    out.u16(linkType)
    out.u16(0)
    out.u32(random.oneIn(4) ? random.below(100) : random.oneIn(2) ? 0 : 262_144)
    if (random.oneIn(3)) option(out, 9, [random.oneIn(8) ? random.below(256) : random.pick(RESOLUTIONS)])
    if (random.oneIn(8))
      option(out, 14, [0, 0, 0, random.below(256), random.below(256), 0, 0, random.below(256)])
    if (random.oneIn(3)) option(out, 0, [])
  })
}

function packetBlock(out: Writer, bytes: Uint8Array, interfaceId: number, random: SeededRandom): void {
  const kind = random.below(8)
  const wireBytes = bytes.length + (random.oneIn(4) ? random.below(2000) : 0)
  if (kind === 0) {
    out.block(3, () => {
      out.u32(bytes.length)
      out.padded(bytes)
    })
    return
  }
  const isObsolete = kind === 1
  out.block(isObsolete ? 2 : 6, () => {
    if (isObsolete) {
      out.u16(interfaceId)
      out.u16(random.below(4))
    } else out.u32(interfaceId)
    const units = BigInt(timeOf(random)) * 1_000_000n
    out.u32(random.oneIn(16) ? random.next() : Number(units >> 32n))
    out.u32(random.oneIn(16) ? random.next() : Number(units & 0xffffffffn))
    out.u32(bytes.length)
    out.u32(wireBytes)
    out.padded(bytes)
    if (random.oneIn(6)) option(out, 2, [0, 0, 0, 1])
  })
}

function option(out: Writer, code: number, value: readonly number[]): void {
  out.u16(code)
  out.u16(value.length)
  out.padded(Uint8Array.from(value))
}

function timeOf(random: SeededRandom): number {
  return random.oneIn(16) ? random.next() >>> 0 : START_SECONDS + random.below(90)
}

/** Writes numbers in one byte order at the end of the scratch; what has no room is left out. */
class Writer {
  readonly #scratch: Scratch
  isLittleEndian: boolean

  constructor(scratch: Scratch, isLittleEndian: boolean) {
    this.#scratch = scratch
    this.isLittleEndian = isLittleEndian
  }

  u16(value: number): void {
    const scratch = this.#scratch
    if (scratch.room < 2) return
    scratch.view.setUint16(scratch.end, value, this.isLittleEndian)
    scratch.end += 2
  }

  u32(value: number): void {
    const scratch = this.#scratch
    if (scratch.room < 4) return
    scratch.view.setUint32(scratch.end, value, this.isLittleEndian)
    scratch.end += 4
  }

  bytes(bytes: Uint8Array): void {
    this.#scratch.append(bytes)
  }

  zeros(count: number): void {
    this.bytes(new Uint8Array(count))
  }

  padded(bytes: Uint8Array): void {
    this.bytes(bytes)
    if ((bytes.length & 3) !== 0) this.zeros(-bytes.length & 3)
  }

  /** A block with its length at both ends. */
  block(type: number, writeBody: () => void): void {
    const scratch = this.#scratch
    const start = scratch.end
    this.u32(type)
    this.u32(0)
    writeBody()
    const blockBytes = scratch.end - start + 4
    this.u32(blockBytes)
    if (start + 8 <= scratch.bytes.length) scratch.view.setUint32(start + 4, blockBytes, this.isLittleEndian)
  }
}
