// Addresses in tests: from text to words, and reproducible random ones.

/** 192.0.2.1 as an unsigned 32-bit number. */
export function ipv4(text: string): number {
  return text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

/** IPv6 text (no dotted part) as four words. */
export function ipv6(text: string): Uint32Array {
  const [head, tail] = text.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = tail === undefined ? 0 : 8 - head!.length - tail.length
  const groups = [...head!, ...Array.from({ length: zeros }, () => '0'), ...(tail ?? [])]
  const values = groups.map((group) => Number.parseInt(group, 16))
  return Uint32Array.from({ length: 4 }, (_, i) => values[i * 2]! * 65_536 + values[i * 2 + 1]!)
}

/** Four words as IPv6 text, not shortened. */
export function ipv6Text(words: Uint32Array, at = 0): string {
  const groups = [...words.subarray(at, at + 4)].flatMap((word) => [word >>> 16, word & 0xffff])
  return groups.map((group) => group.toString(16)).join(':')
}

/** A number as dotted IPv4. */
export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}

/** The same 32-bit numbers for the same seed (xorshift32). */
export function randomWords(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}
