// Which addresses a region has, by the same table that packets are located with.
import type { FlatTableArrays } from '../geo/flat-table.ts'
import { parsePrefix, prefixAddresses } from '../headers/prefix.ts'
import { packRegion, unpackRegion } from '../packets/region-code.ts'
import { isBogon } from '../tags/bogon.ts'
import { isKnownScanner } from '../tags/known-scanner.ts'
import { KNOWN_SCANNERS } from '../tags/known-scanners.ts'
import type { Draws } from './draws.ts'

/** Ranges of addresses, and how many lie in those before each. */
interface Ranges {
  readonly starts: number[]
  readonly before: number[]
  total: number
}

const ADDRESSES = 2 ** 32

/** Draws IPv4 addresses of regions. */
export class RegionSpace {
  readonly #regions = new Map<number, Ranges>()
  readonly #scanners = new Map<number, Ranges>()
  readonly #words = new Uint32Array(4)

  /** `lookup` answers the packed region of an address, as `arrays` say. */
  constructor({ starts4, values4 }: FlatTableArrays, lookup: (address: number) => number) {
    for (const [i, start] of starts4.entries())
      addRange(this.#regions, values4[i]!, start, (starts4[i + 1] ?? ADDRESSES) - start)
    for (const text of KNOWN_SCANNERS.flatMap(({ prefixes }) => prefixes)) {
      const prefix = parsePrefix(text)!
      if (prefix.version !== 4) continue
      for (let i = 0; i < prefixAddresses(prefix); i++)
        addRange(this.#scanners, lookup(prefix.words[0]! + i), prefix.words[0]! + i, 1)
    }
  }

  /** True where the region has addresses of that space. */
  has(region: string, space: 'region' | 'known-scanners'): boolean {
    return this.#spaceOf(space).has(packRegion(region))
  }

  /** An address of a region: one that is on the public Internet, and of a known scanner only where that is asked for. */
  draw(region: string, space: 'region' | 'known-scanners', draws: Draws): number {
    const ranges = this.#spaceOf(space).get(packRegion(region))
    if (ranges === undefined) throw new RangeError(`region ${region} has no addresses of ${space}`)
    for (;;) {
      const address = addressAt(ranges, draws.uniform() * ranges.total)
      this.#words[0] = address
      const isScanner = isKnownScanner(4, this.#words, 0)
      // Nobody's host is the first or last of a /24.
      const isHost = (address & 255) !== 0 && (address & 255) !== 255
      if (space === 'known-scanners' || (isHost && !isScanner && !isBogon(4, this.#words, 0))) return address
    }
  }

  /** Regions that have addresses, sorted. */
  get regions(): string[] {
    return [...this.#regions.keys()].map(unpackRegion).sort()
  }

  #spaceOf(space: 'region' | 'known-scanners'): Map<number, Ranges> {
    return space === 'region' ? this.#regions : this.#scanners
  }
}

function addRange(regions: Map<number, Ranges>, region: number, start: number, count: number): void {
  let ranges = regions.get(region)
  if (ranges === undefined) {
    ranges = { starts: [], before: [], total: 0 }
    regions.set(region, ranges)
  }
  ranges.starts.push(start)
  ranges.before.push(ranges.total)
  ranges.total += count
}

function addressAt({ starts, before }: Ranges, position: number): number {
  let low = 0
  let high = before.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (before[middle]! <= position) low = middle
    else high = middle - 1
  }
  return Math.floor(starts[low]! + position - before[low]!)
}
