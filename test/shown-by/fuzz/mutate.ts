// Damage as it happens to captures: bytes flipped, the end missing, pieces lost or doubled, numbers that lie.
import type { SeededRandom } from '../../../tools/fuzz/random.ts'

type Mutation = (bytes: Buffer, random: SeededRandom) => Buffer

/** Numbers that programs stumble over, as lengths, counts and times. */
const LIES = [
  0, 1, 3, 4, 7, 8, 12, 15, 16, 20, 27, 28, 32, 39, 40, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000
].concat([
  0x3ffff, 0x40000, 0x40001, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff
])

/** A mutated copy: one to four mutations, most of them near the start, where the headers are. */
export function mutate(capture: Uint8Array, random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(capture)
  for (let left = 1 + random.below(4); left > 0 && bytes.length > 8; left--) {
    bytes = random.pick(MUTATIONS)(bytes, random)
  }
  return bytes
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  lie16,
  lie32,
  lie32,
  truncate,
  dropPiece,
  doublePiece,
  fillPiece,
  swapPieces
]

function anywhere(bytes: Buffer, random: SeededRandom): number {
  return random.below(random.pick([64, 256, bytes.length]) % bytes.length || bytes.length)
}

function flipBit(bytes: Buffer, random: SeededRandom): Buffer {
  bytes[anywhere(bytes, random)]! ^= 1 << random.below(8)
  return bytes
}

function setByte(bytes: Buffer, random: SeededRandom): Buffer {
  bytes[anywhere(bytes, random)] = random.below(256)
  return bytes
}

function lie16(bytes: Buffer, random: SeededRandom): Buffer {
  const at = Math.min(anywhere(bytes, random), bytes.length - 2)
  const value = random.pick(LIES) & 0xffff
  if (random.below(2) === 0) bytes.writeUInt16LE(value, at)
  else bytes.writeUInt16BE(value, at)
  return bytes
}

/** At a multiple of four, where the numbers of both formats lie. */
function lie32(bytes: Buffer, random: SeededRandom): Buffer {
  const at = Math.min(anywhere(bytes, random) & ~3, bytes.length - 4)
  if (random.below(2) === 0) bytes.writeUInt32LE(random.pick(LIES), at)
  else bytes.writeUInt32BE(random.pick(LIES), at)
  return bytes
}

function truncate(bytes: Buffer, random: SeededRandom): Buffer {
  return bytes.subarray(0, 1 + anywhere(bytes, random))
}

function dropPiece(bytes: Buffer, random: SeededRandom): Buffer {
  const at = anywhere(bytes, random)
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(40))])
}

function doublePiece(bytes: Buffer, random: SeededRandom): Buffer {
  const at = anywhere(bytes, random)
  const to = at + 1 + random.below(200)
  return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
}

function fillPiece(bytes: Buffer, random: SeededRandom): Buffer {
  const at = anywhere(bytes, random)
  return bytes.fill(random.pick([0, 0xff, 0x45, 0x60]), at, Math.min(bytes.length, at + 1 + random.below(16)))
}

function swapPieces(bytes: Buffer, random: SeededRandom): Buffer {
  const [a, b] = [anywhere(bytes, random), anywhere(bytes, random)].toSorted((x, y) => x - y) as [
    number,
    number
  ]
  const length = Math.min(b - a, bytes.length - b, 1 + random.below(60))
  const first = Buffer.from(bytes.subarray(a, a + length))
  bytes.copyWithin(a, b, b + length)
  first.copy(bytes, b)
  return bytes
}
