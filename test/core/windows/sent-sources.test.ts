import { expect, test } from '@jest/globals'
import { SentSources } from '../../../core/windows/sent-sources.ts'

function source(...words: number[]): Uint32Array {
  return new Uint32Array([...words, 0, 0, 0, 0].slice(0, 4))
}

test('a key is new once, and every word of it counts', () => {
  const sent = new SentSources(64)
  const keys = [
    [1, 2, 3, source(9)],
    [2, 2, 3, source(9)],
    [1, 3, 3, source(9)],
    [1, 2, 4, source(9)],
    [1, 2, 3, source(8)],
    [1, 2, 3, source(9, 1)],
    [1, 2, 3, source(9, 0, 1)],
    [1, 2, 3, source(9, 0, 0, 1)]
  ] as const

  const first = keys.map(([a, b, c, src]) => sent.addIfNew(a, b, c, src, 0))
  const second = keys.map(([a, b, c, src]) => sent.addIfNew(a, b, c, src, 0))

  expect(first).toEqual(keys.map(() => true))
  expect(second).toEqual(keys.map(() => false))
})

test('a full set forgets, and never says of a new key that it was sent', () => {
  const sent = new SentSources(64)
  for (let address = 0; address < 10_000; address++) {
    expect(sent.addIfNew(1, 1, 1, source(address), 0)).toBe(true)
  }
})

test('after clear every key is new again', () => {
  const sent = new SentSources(64)
  sent.addIfNew(1, 1, 1, source(5), 0)
  sent.clear()

  expect(sent.addIfNew(1, 1, 1, source(5), 0)).toBe(true)
})
