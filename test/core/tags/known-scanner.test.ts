import { expect, test } from '@jest/globals'
import { type Prefix, parsePrefix, prefixAddresses, prefixContains } from '../../../core/headers/prefix.ts'
import { isKnownScanner } from '../../../core/tags/known-scanner.ts'
import { KNOWN_SCANNERS } from '../../../core/tags/known-scanners.ts'

const PREFIXES = KNOWN_SCANNERS.flatMap(({ prefixes }) => prefixes).map((text) => parsePrefix(text)!)

function answerOf({ version }: Prefix, words: Uint32Array): boolean {
  return isKnownScanner(version, words, 0)
}

test('the first and last address of every network, and those beside it, are what the list says', () => {
  let inside = 0
  for (const prefix of PREFIXES.filter(({ version }) => version === 4)) {
    const first = prefix.words[0]!
    for (const address of [
      first - 1,
      first,
      first + prefixAddresses(prefix) - 1,
      first + prefixAddresses(prefix)
    ]) {
      const words = Uint32Array.of(address, 0, 0, 0)
      const expected = PREFIXES.some((each) => prefixContains(each, 4, words))
      if (expected) inside += 1
      expect(isKnownScanner(4, words, 0)).toBe(expected)
    }
  }
  expect(inside).toBeGreaterThan(1000)
})

test('every network is one, and none is named twice by a scanner', () => {
  expect(PREFIXES).not.toContain(null)
  for (const prefix of PREFIXES) expect(answerOf(prefix, prefix.words)).toBe(true)
  for (const { name, prefixes } of KNOWN_SCANNERS)
    expect([name, new Set(prefixes).size]).toEqual([name, prefixes.length])
})
