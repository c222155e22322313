// XXH64 with seed 0, whose low 32 bits are the checksum of a zstd frame
// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). 64-bit numbers are pairs of 32-bit halves.
// About 2.7 ns a byte; BigInt would take many times that.

// Looked up once: in the contexts that test runners make, every look at a global is slow.
const { imul } = Math
const STRIPE_BYTES = 32
const PRIME_1_HIGH = 0x9e3779b1
const PRIME_1_LOW = 0x85ebca87
const PRIME_2_HIGH = 0xc2b2ae3d
const PRIME_2_LOW = 0x27d4eb4f
const PRIME_3_HIGH = 0x165667b1
const PRIME_3_LOW = 0x9e3779f9
const PRIME_4_HIGH = 0x85ebca77
const PRIME_4_LOW = 0xc2b2ae63
const PRIME_5_HIGH = 0x27d4eb2f
const PRIME_5_LOW = 0x165667c5

/** The 64-bit number that the functions below work on: one number for all, so that none is allocated. */
let high = 0
let low = 0

/** The hash of bytes that come in pieces. */
export class Xxh64 {
  /** Four lanes of (high, low). */
  readonly #lanes = new Int32Array(8)
  readonly #stripe = new Uint8Array(STRIPE_BYTES)
  readonly #stripeView = new DataView(this.#stripe.buffer)
  #stripeFill = 0
  #lengthBytes = 0

  constructor() {
    set(PRIME_1_HIGH, PRIME_1_LOW)
    add(PRIME_2_HIGH, PRIME_2_LOW)
    this.#keep(0)
    set(PRIME_2_HIGH, PRIME_2_LOW)
    this.#keep(1)
    set(0, 0)
    this.#keep(2)
    subtract(PRIME_1_HIGH, PRIME_1_LOW)
    this.#keep(3)
  }

  update(bytes: Uint8Array): void {
    this.#lengthBytes += bytes.length
    let at = 0
    if (this.#stripeFill > 0) {
      at = Math.min(STRIPE_BYTES - this.#stripeFill, bytes.length)
      this.#stripe.set(bytes.subarray(0, at), this.#stripeFill)
      this.#stripeFill += at
      if (this.#stripeFill < STRIPE_BYTES) return
      this.#takeStripe(this.#stripeView, 0)
      this.#stripeFill = 0
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (; at + STRIPE_BYTES <= bytes.length; at += STRIPE_BYTES) this.#takeStripe(view, at)
    this.#stripe.set(bytes.subarray(at))
    this.#stripeFill = bytes.length - at
  }

  /** The low 32 bits of the hash of everything so far; `update` must not be called after it. */
  digestLow32(): number {
    if (this.#lengthBytes >= STRIPE_BYTES) this.#mergeLanes()
    else set(PRIME_5_HIGH, PRIME_5_LOW)
    add(Math.floor(this.#lengthBytes / 2 ** 32), this.#lengthBytes | 0)
    this.#takeRest()
    xorShifted(33)
    multiply(PRIME_2_HIGH, PRIME_2_LOW)
    xorShifted(29)
    multiply(PRIME_3_HIGH, PRIME_3_LOW)
    xorShifted(32)
    return low >>> 0
  }

  #takeStripe(view: DataView, at: number): void {
    const lanes = this.#lanes
    for (let lane = 0; lane < 4; lane++) {
      set(view.getInt32(at + lane * 8 + 4, true), view.getInt32(at + lane * 8, true))
      multiply(PRIME_2_HIGH, PRIME_2_LOW)
      add(lanes[lane * 2]!, lanes[lane * 2 + 1]!)
      rotate(31)
      multiply(PRIME_1_HIGH, PRIME_1_LOW)
      this.#keep(lane)
    }
  }

  #mergeLanes(): void {
    const lanes = this.#lanes
    let sumHigh = 0
    let sumLow = 0
    for (const [lane, bits] of [1, 7, 12, 18].entries()) {
      set(lanes[lane * 2]!, lanes[lane * 2 + 1]!)
      rotate(bits)
      add(sumHigh, sumLow)
      sumHigh = high
      sumLow = low
    }
    for (let lane = 0; lane < 4; lane++) {
      set(lanes[lane * 2]!, lanes[lane * 2 + 1]!)
      roundOfZero()
      xor(sumHigh, sumLow)
      multiply(PRIME_1_HIGH, PRIME_1_LOW)
      add(PRIME_4_HIGH, PRIME_4_LOW)
      sumHigh = high
      sumLow = low
    }
  }

  /** Mixes in what does not fill a stripe: by 8 bytes, by 4, and one by one. */
  #takeRest(): void {
    const view = this.#stripeView
    const end = this.#stripeFill
    let at = 0
    for (; at + 8 <= end; at += 8) {
      const hashHigh = high
      const hashLow = low
      set(view.getInt32(at + 4, true), view.getInt32(at, true))
      roundOfZero()
      xor(hashHigh, hashLow)
      rotate(27)
      multiply(PRIME_1_HIGH, PRIME_1_LOW)
      add(PRIME_4_HIGH, PRIME_4_LOW)
    }
    if (at + 4 <= end) {
      mixIn(view.getUint32(at, true), PRIME_1_HIGH, PRIME_1_LOW)
      rotate(23)
      multiply(PRIME_2_HIGH, PRIME_2_LOW)
      add(PRIME_3_HIGH, PRIME_3_LOW)
      at += 4
    }
    for (; at < end; at++) {
      mixIn(view.getUint8(at), PRIME_5_HIGH, PRIME_5_LOW)
      rotate(11)
      multiply(PRIME_1_HIGH, PRIME_1_LOW)
    }
  }

  #keep(lane: number): void {
    this.#lanes[lane * 2] = high
    this.#lanes[lane * 2 + 1] = low
  }
}

function set(otherHigh: number, otherLow: number): void {
  high = otherHigh | 0
  low = otherLow | 0
}

function xor(otherHigh: number, otherLow: number): void {
  high ^= otherHigh
  low ^= otherLow
}

function add(otherHigh: number, otherLow: number): void {
  const sum = (low >>> 0) + (otherLow >>> 0)
  high = (high + otherHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0
  low = sum | 0
}

function subtract(otherHigh: number, otherLow: number): void {
  const borrow = low >>> 0 < otherLow >>> 0 ? 1 : 0
  high = (high - otherHigh - borrow) | 0
  low = (low - otherLow) | 0
}

/** The product modulo 2^64, from products of 16-bit halves that all fit 32 bits. */
function multiply(otherHigh: number, otherLow: number): void {
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const b0 = otherLow & 0xffff
  const b1 = otherLow >>> 16
  const product00 = imul(a0, b0) >>> 0
  const middle1 = (imul(a0, b1) >>> 0) + (product00 >>> 16)
  const middle2 = (imul(a1, b0) >>> 0) + (middle1 & 0xffff)
  const cross = imul(high, otherLow) + imul(low, otherHigh)
  high = ((imul(a1, b1) >>> 0) + (middle1 >>> 16) + (middle2 >>> 16) + cross) | 0
  low = (middle2 << 16) | (product00 & 0xffff)
}

/** Rotates to the left by 1..31 bits. */
function rotate(bits: number): void {
  const oldHigh = high
  high = (high << bits) | (low >>> (32 - bits))
  low = (low << bits) | (oldHigh >>> (32 - bits))
}

/** number ^= number >>> bits, for 1..33 bits. */
function xorShifted(bits: number): void {
  if (bits < 32) {
    low ^= (low >>> bits) | (high << (32 - bits))
    high ^= high >>> bits
  } else {
    low ^= high >>> (bits - 32)
  }
}

/** One round of the algorithm on an accumulator of 0. */
function roundOfZero(): void {
  multiply(PRIME_2_HIGH, PRIME_2_LOW)
  rotate(31)
  multiply(PRIME_1_HIGH, PRIME_1_LOW)
}

/** number ^= value * prime. */
function mixIn(value: number, primeHigh: number, primeLow: number): void {
  const hashHigh = high
  const hashLow = low
  set(0, value)
  multiply(primeHigh, primeLow)
  xor(hashHigh, hashLow)
}
