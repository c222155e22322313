// Which addresses are no true source on the public Internet. The upper 16 bits of an address decide nearly
// always; the few /16s that are special in parts (192.0.0.0/16, 2001::/16 and so on) are looked at block by
// block.
import { type Prefix, parsePrefix, prefixContains } from '../headers/prefix.ts'
import { SPECIAL_PURPOSE_BLOCKS } from './special-purpose.ts'

const REACHABLE = 0
const BOGON = 1
const IN_PARTS = 2

/** Blocks that say true or false, the longest first, so that the first that holds an address decides. */
interface Verdict {
  readonly prefix: Prefix
  readonly isBogon: boolean
}

const VERDICTS: readonly Verdict[] = SPECIAL_PURPOSE_BLOCKS.filter((b) => b.isGloballyReachable !== 'n/a')
  .map((b) => ({ prefix: parsePrefix(b.prefix)!, isBogon: b.isGloballyReachable === false }))
  .sort((a, b) => b.prefix.lengthBits - a.prefix.lengthBits)

/** For each upper 16 bits of an address: REACHABLE, BOGON, or IN_PARTS. Shorter blocks are written first. */
function upperBits(version: 4 | 6): Uint8Array {
  const table = new Uint8Array(65536)
  const verdicts = VERDICTS.filter(({ prefix }) => prefix.version === version).reverse()
  for (const { prefix, isBogon } of verdicts) {
    const first = prefix.words[0]! >>> 16
    if (prefix.lengthBits > 16) table[first] = IN_PARTS
    else table.fill(isBogon ? BOGON : REACHABLE, first, first + 2 ** (16 - prefix.lengthBits))
  }
  return table
}

const IPV4_UPPER_BITS = upperBits(4)
const IPV6_UPPER_BITS = upperBits(6)

/**
 * True where the address, whose words begin at words[at], is in a block that is not globally reachable, or
 * multicast.
 */
export function isBogon(version: number, words: Uint32Array, at: number): boolean {
  const upper = (version === 4 ? IPV4_UPPER_BITS : IPV6_UPPER_BITS)[words[at]! >>> 16]!
  return upper === IN_PARTS ? isBogonByBlock(version, words, at) : upper === BOGON
}

function isBogonByBlock(version: number, words: Uint32Array, at: number): boolean {
  for (const { prefix, isBogon } of VERDICTS) {
    if (prefixContains(prefix, version, words, at)) return isBogon
  }
  return false
}
