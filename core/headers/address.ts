// Addresses as text and as words. Words are 32-bit, in network order; an IPv4 address is word 0, as in
// PacketColumns.
import type { PacketColumns } from '../packets/packet-columns.ts'

/** The version nibble of the outermost IP header. */
export type IpVersion = 4 | 6

/** An address: `words` has four elements, of which IPv4 uses the first and leaves the others 0. */
export interface IpAddress {
  readonly version: IpVersion
  readonly words: Uint32Array
}

const OCTETS: readonly string[] = Array.from({ length: 256 }, (_, octet) => `${octet}`)
const OCTETS_AND_DOT: readonly string[] = OCTETS.map((octet) => `${octet}.`)

/**
 * Dotted quad of a 32-bit word, signed or unsigned; four table look-ups, about 95 ns with the string made
 * flat (bench/headers.ts).
 */
export function formatIpv4(word: number): string {
  return (
    OCTETS_AND_DOT[word >>> 24]! +
    OCTETS_AND_DOT[(word >>> 16) & 0xff]! +
    OCTETS_AND_DOT[(word >>> 8) & 0xff]! +
    OCTETS[word & 0xff]!
  )
}

/**
 * RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`, IPv4-mapped and
 * IPv4-compatible addresses (RFC 4291 section 2.5.5) dotted, as inet_ntop and tshark write them.
 */
function formatIpv6(word0: number, word1: number, word2: number, word3: number): string {
  if (word0 === 0 && word1 === 0 && word2 === 0xffff) return `::ffff:${formatIpv4(word3)}`
  const groups: number[] = []
  for (const word of [word0, word1, word2, word3]) groups.push(word >>> 16, word & 0xffff)
  const run = longestZeroRun(groups)
  if (run.start === 0 && run.length === 6) return `::${formatIpv4(word3)}`
  const hex = groups.map((group) => group.toString(16))
  if (run.length < 2) return hex.join(':')
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (let i = 0; i < groups.length; i++) {
    length = groups[i] === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  }
  return best
}

/** The address as text; `words` as in IpAddress. */
export function formatAddress(version: number, words: ArrayLike<number>): string {
  return formatAddressAt(version, words, 0)
}

/** The source address of a row as text. */
export function formatSource(columns: PacketColumns, row: number): string {
  return formatAddressAt(columns.ipVersion[row]!, columns.src, row << 2)
}

/** The destination address of a row as text. */
export function formatDestination(columns: PacketColumns, row: number): string {
  return formatAddressAt(columns.ipVersion[row]!, columns.dst, row << 2)
}

function formatAddressAt(version: number, words: ArrayLike<number>, at: number): string {
  if (version === 4) return formatIpv4(words[at]!)
  return formatIpv6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
}

/** The 4 or 16 bytes of an address in network order. */
export function addressBytes(version: number, words: ArrayLike<number>, at = 0): Uint8Array {
  const bytes = new Uint8Array(version === 4 ? 4 : 16)
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[at + (i >> 2)]! >>> (24 - ((i & 3) << 3))
  return bytes
}

/** The inverse of addressBytes; null where there are neither 4 nor 16 bytes. */
export function addressFromBytes(bytes: Uint8Array): IpAddress | null {
  if (bytes.length !== 4 && bytes.length !== 16) return null
  const words = new Uint32Array(4)
  for (let i = 0; i < bytes.length; i++) words[i >> 2] = (words[i >> 2]! << 8) | bytes[i]!
  return { version: bytes.length === 4 ? 4 : 6, words }
}

/**
 * Reads an address: IPv4 as four decimal octets without leading zeros, IPv6 in any form of RFC 4291 section
 * 2.2, in either case, without zone. Null where the text is neither.
 */
export function parseAddress(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): IpAddress | null {
  const octets = text.split('.')
  if (octets.length !== 4) return null
  const words = new Uint32Array(4)
  for (const octet of octets) {
    if (!/^(0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255) return null
    words[0] = (words[0]! << 8) | Number(octet)
  }
  return { version: 4, words }
}

function parseIpv6(text: string): IpAddress | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail]
  const words = new Uint32Array(4)
  for (let i = 0; i < 8; i++) words[i >> 1] = (words[i >> 1]! << 16) | groups[i]!
  return { version: 6, words }
}

/** Groups of 16 bits between colons; the last may be a dotted quad where the address ends here. */
function parseGroups(text: string, endsAddress: boolean): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const quad = endsAddress && i === parts.length - 1 ? parseIpv4(part) : null
    if (quad === null) return null
    groups.push(quad.words[0]! >>> 16, quad.words[0]! & 0xffff)
  }
  return groups
}
