// The address that a scanner aimed at. Behind NAT it is not the destination on the wire, and the rules that
// compare the destination with other fields (mirai, masscan, same-src-dst) would never hold.
import { StormpetrelError } from '../errors.ts'
import { formatPrefix, type Prefix, parsePrefix, prefixMask } from '../headers/prefix.ts'

/**
 * Which public IPv4 address each inside address is seen under, as sensors.yaml declares it: an address to an
 * address, a prefix to a prefix of the same length (host bits are kept), or a prefix to one address that all
 * of it hides behind.
 */
export type PublicAddressMap = readonly { readonly inside: string; readonly public: string }[]

/** Words are signed, as the bitwise operators make them. */
interface MappedPrefix {
  readonly mask: number
  readonly inside: number
  readonly public: number
  /** The bits of the inside address that the public one keeps. */
  readonly keep: number
}

/** Answers, for a destination on the wire, the address aimed at. Made by buildAimedAt. */
export class AimedAt {
  /** True where every address is its own: no NAT. */
  readonly isIdentity: boolean
  readonly #hosts: ReadonlyMap<number, number>
  readonly #prefixes: readonly MappedPrefix[]

  constructor(hosts: ReadonlyMap<number, number>, prefixes: readonly MappedPrefix[]) {
    this.isIdentity = hosts.size === 0 && prefixes.length === 0
    this.#hosts = hosts
    this.#prefixes = prefixes
  }

  /**
   * The IPv4 address aimed at, 0..2^32-1, for the destination `dst`, 0..2^32-1; `dst` itself where it is not
   * mapped.
   */
  ipv4(dst: number): number {
    if (this.isIdentity) return dst
    const host = this.#hosts.get(dst)
    if (host !== undefined) return host
    for (const { mask, inside, public: outside, keep } of this.#prefixes) {
      if ((dst & mask) === inside) return (outside | (dst & keep)) >>> 0
    }
    return dst
  }
}

/** Every destination is the address aimed at. */
export const NO_NAT = new AimedAt(new Map(), [])

/**
 * Makes the look-up of a sensor's map; the longest inside prefix decides. Throws SP_SENSORS_FILE where an
 * entry is not IPv4, is no prefix, maps to another length, or where one inside prefix is mapped twice.
 */
export function buildAimedAt(map: PublicAddressMap): AimedAt {
  if (map.length === 0) return NO_NAT
  const hosts = new Map<number, number>()
  const prefixes: MappedPrefix[] = []
  const seen = new Set<string>()
  for (const entry of map) {
    const inside = ipv4Prefix(entry.inside)
    const outside = ipv4Prefix(entry.public)
    if (outside.lengthBits !== inside.lengthBits && outside.lengthBits !== 32) {
      throw wrong(`${entry.inside} -> ${entry.public}: the prefixes differ in length`)
    }
    if (seen.has(formatPrefix(inside))) throw wrong(`${entry.inside} is mapped twice`)
    seen.add(formatPrefix(inside))
    if (inside.lengthBits === 32) hosts.set(inside.words[0]!, outside.words[0]!)
    else prefixes.push(mappedPrefix(inside, outside))
  }
  // A longer mask is the larger number, unsigned.
  return new AimedAt(
    hosts,
    prefixes.sort((a, b) => (b.mask >>> 0) - (a.mask >>> 0))
  )
}

function mappedPrefix(inside: Prefix, outside: Prefix): MappedPrefix {
  const mask = prefixMask(inside.lengthBits, 0)
  const keep = outside.lengthBits === inside.lengthBits ? ~mask : 0
  return { mask, inside: inside.words[0]! | 0, public: outside.words[0]! | 0, keep }
}

function ipv4Prefix(text: string): Prefix {
  const prefix = parsePrefix(text)
  if (prefix === null) throw wrong(`${text} is neither an address nor a prefix`)
  if (prefix.version !== 4) throw wrong(`${text} is not IPv4, and only IPv4 rules need the address aimed at`)
  return prefix
}

function wrong(what: string): StormpetrelError {
  return new StormpetrelError(
    'SP_SENSORS_FILE',
    `public-addresses: ${what}; mend the sensor's map in sensors.yaml`
  )
}
