// Whether an address is of a known scanner: a look-up of about 3 ns, since the upper 16 bits say no nearly always.
import { type Prefix, parsePrefix, prefixContains, prefixMask } from '../headers/prefix.ts'
import { KNOWN_SCANNERS } from './known-scanners.ts'

const PREFIXES: readonly Prefix[] = KNOWN_SCANNERS.flatMap(({ prefixes }) => prefixes.map(parse))

const RANGES = mergedRanges(PREFIXES.filter(({ version }) => version === 4))
/** Of each upper 16 bits the first range that begins there or later; one more at the end. */
const FIRST_RANGE = firstRanges(RANGES.starts)
const IPV6_PREFIXES = PREFIXES.filter(({ version }) => version === 6)

/** True where the address, whose words begin at words[at], lies in a network of KNOWN_SCANNERS. */
export function isKnownScanner(version: number, words: Uint32Array, at: number): boolean {
  if (version !== 4) return IPV6_PREFIXES.some((prefix) => prefixContains(prefix, version, words, at))
  const address = words[at]!
  const upper = address >>> 16
  for (let range = FIRST_RANGE[upper]!; range < FIRST_RANGE[upper + 1]!; range++) {
    if (address < RANGES.starts[range]!) return false
    if (address <= RANGES.ends[range]!) return true
  }
  return false
}

function parse(text: string): Prefix {
  const prefix = parsePrefix(text)
  // A range that crosses 65,536 addresses would not be found from its end.
  if (prefix === null || (prefix.version === 4 && prefix.lengthBits < 16))
    throw new Error(`known scanners: ${text} is no prefix of at least 16 bits`)
  return prefix
}

interface Ranges {
  readonly starts: Uint32Array
  /** Inclusive. */
  readonly ends: Uint32Array
}

/** In order of address. Ranges of one scanner inside another's are left out. */
function mergedRanges(prefixes: readonly Prefix[]): Ranges {
  const ranges = prefixes
    .map(({ words, lengthBits }) => ({
      start: words[0]!,
      end: (words[0]! | ~prefixMask(lengthBits, 0)) >>> 0
    }))
    .sort((a, b) => a.start - b.start || b.end - a.end)
  let end = -1
  const outer = ranges.filter((range) => {
    if (range.end <= end) return false
    end = range.end
    return true
  })
  return {
    starts: Uint32Array.from(outer, (range) => range.start),
    ends: Uint32Array.from(outer, (range) => range.end)
  }
}

function firstRanges(starts: Uint32Array): Uint16Array {
  const first = new Uint16Array(65_537)
  let range = 0
  for (let upper = 0; upper <= 65_536; upper++) {
    while (range < starts.length && starts[range]! >>> 16 < upper) range++
    first[upper] = range
  }
  return first
}
