import { describe, expect, test } from '@jest/globals'
import { Xxh64 } from '../../adapters/xxh64.ts'

/** Bytes of a fixed sequence, so that every length has its own known hash. */
function sequence(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = 1
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

function hashOf(bytes: Uint8Array, pieceBytes = Math.max(1, bytes.length)): number {
  const hash = new Xxh64()
  for (let at = 0; at < bytes.length; at += pieceBytes) hash.update(bytes.subarray(at, at + pieceBytes))
  return hash.digestLow32()
}

/** Made with the reference implementation (xxhash of Python). */
const VECTORS: readonly (readonly [number, string])[] = [
  [0, '51d8e999'],
  [1, 'd095b684'],
  [3, '547c7d56'],
  [4, '87528d12'],
  [7, 'e6ee2129'],
  [8, 'fc4de1e5'],
  [11, '130ec237'],
  [12, '130fe3f2'],
  [31, '2a3476b8'],
  [32, '005b6caa'],
  [33, 'e1b83d57'],
  [63, '2a2fb3f0'],
  [64, 'f498d6d5'],
  [100, '2f05ff97'],
  [1000, '71867361'],
  [100000, '4f07f368']
]

describe('XXH64', () => {
  test.each(VECTORS)('of %d bytes of the sequence has the low half %s', (length, expected) => {
    expect(hashOf(sequence(length)).toString(16).padStart(8, '0')).toBe(expected)
  })

  test('does not depend on the pieces in which the bytes come', () => {
    const bytes = sequence(1000)
    const whole = hashOf(bytes)

    for (let pieceBytes = 1; pieceBytes < 70; pieceBytes++) expect(hashOf(bytes, pieceBytes)).toBe(whole)
  })
})
