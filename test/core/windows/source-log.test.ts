import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { SourceLog } from '../../../core/windows/source-log.ts'

const word = fc.nat(0xffff_ffff)
const source = fc.record({
  ipVersion: fc.constantFrom(4, 6),
  words: fc.tuple(word, word, word, word),
  series: fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(3)), { minLength: 1, maxLength: 12 })
})

/** The same with texts and arrays: slow and plain. */
function plainLog(sources: readonly (typeof source extends fc.Arbitrary<infer T> ? T : never)[]): unknown[] {
  const logged = new Map<string, unknown[]>()
  for (const { ipVersion, words, series } of sources) {
    for (const keys of series) {
      const key = [...keys, ipVersion].join()
      const before = logged.get(key) ?? []
      logged.set(key, [...before, ...(ipVersion === 4 ? words.slice(0, 1) : words)])
    }
  }
  return [...logged]
}

test('every series has its sources in the order in which they came, and nothing is given twice', () => {
  const log = new SourceLog()
  fc.assert(
    fc.property(fc.array(source, { maxLength: 40 }), (sources) => {
      for (const { ipVersion, words, series } of sources) {
        log.startSource(Uint32Array.of(7, ...words), 1, ipVersion)
        for (const [when, kindAndTag, value] of series) log.add(when, kindAndTag, value)
      }

      const taken = log.take()

      const texts = taken.map(({ when, kindAndTag, value, ipVersion, words }) => {
        return [[when, kindAndTag, value, ipVersion].join(), [...words]]
      })
      expect(texts).toEqual(plainLog(sources))
      expect(log.take()).toEqual([])
    })
  )
})

test('it holds more sources and series than it has room for at first', () => {
  const log = new SourceLog()
  for (let n = 0; n < 20_000; n++) {
    log.startSource(Uint32Array.of(n, 0, 0, 0), 0, 4)
    log.add(1, 0, 0)
    log.add(1, 1, n)
  }

  const [all, ...others] = log.take()

  expect(all!.words).toEqual(Uint32Array.from({ length: 20_000 }, (_, n) => n))
  expect(others.map(({ words }) => words[0])).toEqual([...all!.words])
})

test('what was logged is forgotten by clear', () => {
  const log = new SourceLog()
  log.startSource(Uint32Array.of(1, 0, 0, 0), 0, 4)
  log.add(1, 0, 0)
  log.clear()

  expect(log.take()).toEqual([])
})
