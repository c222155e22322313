import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { SentSources } from '../../../core/windows/sent-sources.ts'

function source(...words: number[]): Uint32Array {
  return new Uint32Array([...words, 0, 0, 0, 0].slice(0, 4))
}

test('a key is new once, and every word of it counts', () => {
  const sent = new SentSources(64)
  const keys = [
    [1, 2, 1, source(9), 6],
    [2, 2, 1, source(9), 6],
    [1, 3, 1, source(9), 6],
    [1, 2, 2 ** 31, source(9), 6],
    [1, 2, 1, source(8), 6],
    [1, 2, 1, source(9, 1), 6],
    [1, 2, 1, source(9, 0, 1), 6],
    [1, 2, 1, source(9, 0, 0, 1), 6],
    [1, 2, 1, source(9), 4],
    [2, 2, 1, source(9), 4],
    [1, 3, 1, source(9), 4],
    [1, 2, 2 ** 31, source(9), 4],
    [1, 2, 1, source(8), 4]
  ] as const

  const first = keys.map(([a, b, tags, src, version]) => sent.add(a, b, tags, src, 0, version))
  const second = keys.map(([a, b, tags, src, version]) => sent.add(a, b, tags, src, 0, version))

  expect(first).toEqual(keys.map(() => true))
  expect(second).toEqual(keys.map(() => false))
})

test('while it can grow it knows what a set knows', () => {
  const key = fc.tuple(
    fc.nat(2),
    fc.nat(3),
    fc.integer({ min: 1, max: 3 }),
    fc.nat(400),
    fc.constantFrom(4, 6)
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 4000 }), (keys) => {
      const sent = new SentSources(1 << 16)
      const known = new Set<string>()
      for (const [a, b, tags, address, version] of keys) {
        const name = [a, b, tags, address, version].join()
        expect(sent.add(a, b, tags, source(address), 0, version)).toBe(!known.has(name))
        known.add(name)
      }
    }),
    { numRuns: 20 }
  )
})

test('a full set forgets, and never says of a new key that it was sent', () => {
  const sent = new SentSources(64)
  for (let address = 0; address < 10_000; address++) {
    expect(sent.add(1, 1, 1, source(address), 0, address % 2 === 0 ? 4 : 6)).toBe(true)
  }
})

test('after clear every key is new again', () => {
  const sent = new SentSources(64)
  sent.add(1, 1, 1, source(5), 0, 4)
  sent.add(1, 1, 1, source(5), 0, 6)
  sent.clear()

  expect(sent.add(1, 1, 1, source(5), 0, 4)).toBe(true)
  expect(sent.add(1, 1, 1, source(5), 0, 6)).toBe(true)
})
