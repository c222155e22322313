// MurmurHash64A (Austin Appleby, public domain), 64 bits as two 32-bit halves: the hash under Redis's HyperLogLog.
// Only what addresses need: one tail of four bytes, or two whole blocks of eight. No BigInt: 20 times slower here.

/** The seed that Redis hashes HyperLogLog members with. */
const SEED = 0xadc83b19
/** The multiplier 0xc6a4a7935bd1e995. */
const M_HIGH = 0xc6a4a793
const M_LOW = 0x5bd1e995

/** Two halves, reused for every hash so that none is allocated. */
export interface Hash64 {
  high: number
  low: number
}

/** Hashes the four bytes of an IPv4 address, given as one big-endian word. */
export function hash4(word: number, out: Hash64): void {
  start(4, out)
  out.low ^= swapBytes(word)
  multiply(out)
  finish(out)
}

/** Hashes the sixteen bytes of an IPv6 address, given as four big-endian words. */
export function hash16(word0: number, word1: number, word2: number, word3: number, out: Hash64): void {
  start(16, out)
  mixBlock(swapBytes(word1), swapBytes(word0), out)
  mixBlock(swapBytes(word3), swapBytes(word2), out)
  finish(out)
}

const block: Hash64 = { high: 0, low: 0 }

function mixBlock(high: number, low: number, out: Hash64): void {
  block.high = high
  block.low = low
  multiply(block)
  block.low ^= block.high >>> 15 // k ^= k >> 47
  multiply(block)
  out.high ^= block.high
  out.low ^= block.low
  multiply(out)
}

/** h = seed ^ (length * m). */
function start(lengthBytes: number, out: Hash64): void {
  out.high = 0
  out.low = lengthBytes
  multiply(out)
  out.low ^= SEED
}

function finish(out: Hash64): void {
  out.low ^= out.high >>> 15
  multiply(out)
  out.low ^= out.high >>> 15
}

/** The low 64 bits of the product with the multiplier. */
function multiply(out: Hash64): void {
  const { high, low } = out
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const b0 = M_LOW & 0xffff
  const b1 = M_LOW >>> 16
  const middle = a1 * b0 + ((a0 * b0) >>> 16) // this and the next stay below 2^32
  const middleLow = (middle & 0xffff) + a0 * b1
  const carry = a1 * b1 + (middle >>> 16) + (middleLow >>> 16)
  out.high = (carry + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0
  out.low = Math.imul(low, M_LOW)
}

/** A big-endian word as the little-endian number that the hash reads. */
function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}
