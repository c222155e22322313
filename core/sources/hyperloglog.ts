// HyperLogLog with the parameters of Redis (14 bits of index, 50 of pattern), so that a count taken here and a PFCOUNT
// of the same members are the same number. Standard error 1.04 / sqrt(16,384) = 0.81 %.
import type { Hash64 } from './murmur64a.ts'

/** Bits of a register's place, and of a hash that say it. */
export const INDEX_BITS = 14
/** Registers of a sketch. */
export const REGISTERS = 1 << INDEX_BITS
/** Bits of the hash that make the pattern. */
const PATTERN_BITS = 64 - INDEX_BITS
/** 1 / (2 ln 2): the constant of the estimator for infinitely many registers. */
const ALPHA_INFINITY = 0.5 / Math.LN2

/** A count of distinct members in 16 KiB, however many there are. */
export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS)

  /** Adds a member by its hash. */
  add(hash: Hash64): void {
    const register = registerOf(hash)
    const index = indexOf(register)
    const rank = rankOf(register)
    if (rank > this.#registers[index]!) this.#registers[index] = rank
  }

  count(): number {
    const histogram = new Uint32Array(RANKS)
    for (const rank of this.#registers) histogram[rank]!++
    return estimate(histogram)
  }
}

/** Registers have ranks 0..51; a histogram of them has room for 64. */
export const RANKS = 64

/** What a member does to a sketch, in 20 bits: it raises register `indexOf` to `rankOf` at least. */
export function registerOf(hash: Hash64): number {
  return (hash.low & (REGISTERS - 1)) | (patternRank(hash) << INDEX_BITS)
}

/** The register's place, 0..16,383. */
export function indexOf(register: number): number {
  return register & (REGISTERS - 1)
}

/** The register's rank, 1..51. */
export function rankOf(register: number): number {
  return register >>> INDEX_BITS
}

/**
 * The estimate from how many registers have each rank, all 16,384 together, by the improved raw estimator of Otmar
 * Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), section 4: no bias table and no switch
 * between ranges.
 */
export function estimate(histogram: Uint32Array): number {
  let z = REGISTERS * tau((REGISTERS - histogram[PATTERN_BITS + 1]!) / REGISTERS)
  for (let rank = PATTERN_BITS; rank >= 1; rank--) z = (z + histogram[rank]!) * 0.5
  z += REGISTERS * sigma(histogram[0]! / REGISTERS)
  return Math.round((ALPHA_INFINITY * REGISTERS * REGISTERS) / z)
}

/** One more than the zeros below the lowest one bit above the index; 51 where there is none. */
function patternRank({ high, low }: Hash64): number {
  const lowPattern = low >>> INDEX_BITS
  if (lowPattern !== 0) return trailingZeros(lowPattern) + 1
  return high === 0 ? PATTERN_BITS + 1 : trailingZeros(high) + 32 - INDEX_BITS + 1
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}

/** Ertl's sigma: the part of the registers that are empty. */
function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY
  let sum = x
  let power = x
  for (let weight = 1, before = Number.NaN; sum !== before; weight += weight) {
    power *= power
    before = sum
    sum += power * weight
  }
  return sum
}

/** Ertl's tau: the part of the registers that are full. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let rest = 1 - x
  let root = x
  for (let weight = 0.5, before = Number.NaN; rest !== before; weight *= 0.5) {
    root = Math.sqrt(root)
    before = rest
    rest -= (1 - root) ** 2 * weight
  }
  return rest / 3
}
