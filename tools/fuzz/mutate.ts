// Damage as it happens to any bytes: bits flipped, the end missing, pieces lost, doubled or swapped, numbers that lie.
import type { SeededRandom } from './random.ts'
import type { Scratch } from './scratch.ts'

type Mutation = (scratch: Scratch, random: SeededRandom) => void

/** Numbers that programs stumble over, as lengths, counts and times. */
const LIES = [
  0, 1, 3, 4, 7, 8, 12, 15, 16, 20, 27, 28, 32, 39, 40, 0x7f, 0x80, 0xff, 0x100, 0x5dc, 0x600, 0xffff,
  0x10000, 0x3ffff, 0x40000, 0x40001, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc,
  0xffffffff
]

/** Changes the bytes in hand at a few places, most of them near the start, where the headers are. */
export function mutateBytes(scratch: Scratch, random: SeededRandom): void {
  for (let left = 1 + random.below(3); left > 0 && scratch.length > 0; left--) {
    MUTATIONS[random.below(MUTATIONS.length)]!(scratch, random)
  }
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setByte,
  addToByte,
  lie16,
  lie32,
  truncate,
  dropPiece,
  doublePiece,
  fillPiece,
  copyPiece
]

/** An offset, near the start two times in three. */
function anywhere({ start, length }: Scratch, random: SeededRandom): number {
  const style = random.below(3)
  const range = style === 0 ? length : Math.min(length, style === 1 ? 24 : 80)
  return start + random.below(range)
}

function flipBit(scratch: Scratch, random: SeededRandom): void {
  scratch.bytes[anywhere(scratch, random)]! ^= 1 << random.below(8)
}

function setByte(scratch: Scratch, random: SeededRandom): void {
  scratch.bytes[anywhere(scratch, random)] = random.next()
}

function addToByte(scratch: Scratch, random: SeededRandom): void {
  scratch.bytes[anywhere(scratch, random)]! += random.below(17) - 8
}

function lie16(scratch: Scratch, random: SeededRandom): void {
  if (scratch.length < 2) return
  const at = Math.min(anywhere(scratch, random), scratch.end - 2)
  // A length that is true, or nearly, goes deeper than one that is absurd.
  const value = random.oneIn(3) ? scratch.end - at + random.below(9) - 4 : random.pick(LIES)
  scratch.view.setUint16(at, value, random.oneIn(2))
}

/** At a multiple of four, where the numbers of both formats lie. */
function lie32(scratch: Scratch, random: SeededRandom): void {
  if (scratch.length < 4) return
  const at = scratch.start + ((anywhere(scratch, random) - scratch.start) & ~3)
  const value = random.oneIn(3) ? scratch.end - at + random.below(9) - 4 : random.pick(LIES)
  scratch.view.setUint32(Math.min(at, scratch.end - 4), value, random.oneIn(2))
}

function truncate(scratch: Scratch, random: SeededRandom): void {
  scratch.end = anywhere(scratch, random)
}

function dropPiece(scratch: Scratch, random: SeededRandom): void {
  scratch.close(anywhere(scratch, random), 1 + random.below(40))
}

function doublePiece(scratch: Scratch, random: SeededRandom): void {
  const at = anywhere(scratch, random)
  scratch.open(at, Math.min(scratch.end - at, 1 + random.below(64)))
}

function fillPiece(scratch: Scratch, random: SeededRandom): void {
  const at = anywhere(scratch, random)
  scratch.bytes.fill(random.pick([0, 0xff, 0x45, 0x60]), at, Math.min(scratch.end, at + 1 + random.below(16)))
}

function copyPiece(scratch: Scratch, random: SeededRandom): void {
  const from = anywhere(scratch, random)
  const to = anywhere(scratch, random)
  const count = Math.min(scratch.end - Math.max(from, to), 1 + random.below(60))
  scratch.bytes.copyWithin(to, from, from + count)
}
