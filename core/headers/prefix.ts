// CIDR prefixes: dark space, public addresses, special-purpose blocks.
import { formatAddress, type IpVersion, parseAddress } from './address.ts'

/** A prefix; bits of `words` past `lengthBits` are 0. */
export interface Prefix {
  readonly version: IpVersion
  readonly words: Uint32Array
  readonly lengthBits: number
}

/**
 * Reads `ADDRESS/LENGTH`, or an address alone as a prefix of its full length. Null where the text is neither,
 * or where bits are set past the length: `192.0.2.1/24` is a typing error as often as it is `192.0.2.0/24`.
 */
export function parsePrefix(text: string): Prefix | null {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === null) return null
  const fullBits = address.version === 4 ? 32 : 128
  if (slash < 0) return { ...address, lengthBits: fullBits }
  const length = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > fullBits) return null
  const lengthBits = Number(length)
  for (let i = 0; i < 4; i++) {
    if ((address.words[i]! & ~prefixMask(lengthBits, i)) !== 0) return null
  }
  return { ...address, lengthBits }
}

/** `ADDRESS/LENGTH`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.version, prefix.words)}/${prefix.lengthBits}`
}

/** True where the address, whose words begin at words[at], lies in the prefix. */
export function prefixContains(prefix: Prefix, version: number, words: ArrayLike<number>, at = 0): boolean {
  if (version !== prefix.version) return false
  for (let i = 0; i << 5 < prefix.lengthBits; i++) {
    if (((words[at + i]! ^ prefix.words[i]!) & prefixMask(prefix.lengthBits, i)) !== 0) return false
  }
  return true
}

/** How many addresses a prefix holds: exact up to 2^53, a power of two in any case. */
export function prefixAddresses(prefix: Prefix): number {
  return 2 ** ((prefix.version === 4 ? 32 : 128) - prefix.lengthBits)
}

/** The mask of a prefix in word `index`, as a signed 32-bit number. */
export function prefixMask(lengthBits: number, index: number): number {
  const bits = Math.min(32, Math.max(0, lengthBits - index * 32))
  return bits === 0 ? 0 : -1 << (32 - bits)
}
