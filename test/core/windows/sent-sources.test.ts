import { expect, test } from '@jest/globals'
import { SentSources } from '../../../core/windows/sent-sources.ts'

function source(...words: number[]): Uint32Array {
  return new Uint32Array([...words, 0, 0, 0, 0].slice(0, 4))
}

test('a key is new once, and every word of it counts', () => {
  const sent = new SentSources(64)
  const keys = [
    [1, 2, source(9)],
    [2, 2, source(9)],
    [1, 3, source(9)],
    [1, 2, source(8)],
    [1, 2, source(9, 1)],
    [1, 2, source(9, 0, 1)],
    [1, 2, source(9, 0, 0, 1)]
  ] as const

  const first = keys.map(([a, b, src]) => sent.addTags(a, b, src, 0, 1))
  const second = keys.map(([a, b, src]) => sent.addTags(a, b, src, 0, 1))

  expect(first).toEqual(keys.map(() => 0))
  expect(second).toEqual(keys.map(() => 1))
})

test('tags of a key add up, the highest bit among them', () => {
  const sent = new SentSources(64)

  expect(sent.addTags(1, 1, source(5), 0, 0b0101)).toBe(0)
  expect(sent.addTags(1, 1, source(5), 0, 0b0110)).toBe(0b0101)
  expect(sent.addTags(1, 1, source(5), 0, 2 ** 31)).toBe(0b0111)
  expect(sent.addTags(1, 1, source(5), 0, 1)).toBe(2 ** 31 + 0b0111)
})

test('a full set forgets, and never says of a new key that it was sent', () => {
  const sent = new SentSources(64)
  for (let address = 0; address < 10_000; address++) {
    expect(sent.addTags(1, 1, source(address), 0, 1)).toBe(0)
  }
})

test('after clear every key is new again', () => {
  const sent = new SentSources(64)
  sent.addTags(1, 1, source(5), 0, 1)
  sent.clear()

  expect(sent.addTags(1, 1, source(5), 0, 1)).toBe(0)
})
