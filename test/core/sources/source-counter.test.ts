import { describe, expect, test } from '@jest/globals'
import { EXACT_SOURCES, SourceCounter } from '../../../core/sources/source-counter.ts'

/** Distinct words in a scattered order. */
const scattered = (index: number): number => Math.imul(index, 0x9e3779b1) >>> 0

describe('a counter of unique sources', () => {
  test('it is exact up to 16,384, however often a source comes', () => {
    const counter = new SourceCounter()
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < EXACT_SOURCES; index++) counter.add4(scattered(index))
    }

    expect(counter.isExact).toBe(true)
    expect(counter.count()).toBe(EXACT_SOURCES)
  })

  test('one more turns it into a sketch that keeps all it had', () => {
    const counter = new SourceCounter()
    for (let index = 0; index <= EXACT_SOURCES; index++) counter.add4(scattered(index))

    expect(counter.isExact).toBe(false)
    expect(Math.abs(counter.count() / (EXACT_SOURCES + 1) - 1)).toBeLessThan(0.03)
  })

  test('a sketch is within three standard errors for IPv4 and IPv6', () => {
    const counter4 = new SourceCounter()
    const counter6 = new SourceCounter()
    for (let index = 0; index < 200_000; index++) {
      counter4.add4(scattered(index))
      counter6.add6(0x20010db8, index >>> 8, 0, scattered(index))
    }

    expect(Math.abs(counter4.count() / 200_000 - 1)).toBeLessThan(0.0243)
    expect(Math.abs(counter6.count() / 200_000 - 1)).toBeLessThan(0.0243)
  })

  test('an IPv4 address is no IPv6 address, and all-zero addresses count', () => {
    const counter = new SourceCounter()
    counter.add4(0)
    counter.add6(0, 0, 0, 0)
    counter.add4(1)
    counter.add6(0, 0, 0, 1)

    expect(counter.count()).toBe(4)
  })
})
