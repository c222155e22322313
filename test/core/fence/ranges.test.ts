import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { addNumber, formatRanges, hasNumber, parseRanges } from '../../../core/fence/ranges.ts'

describe('ranges of seen numbers', () => {
  test('numbers in any order give the same members as a Set, sorted, disjoint and never touching', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (numbers) => {
        const ranges = numbers.reduce(addNumber, parseRanges(''))

        const members = new Set(numbers)
        for (let number = 0; number <= 61; number++) {
          expect(hasNumber(ranges, number)).toBe(members.has(number))
        }
        for (let i = 2; i < ranges.length; i += 2) expect(ranges[i]!).toBeGreaterThan(ranges[i - 1]! + 1)
        expect(parseRanges(formatRanges(ranges))).toEqual(ranges)
      })
    )
  })

  test('one range is all that is kept while nothing is missing', () => {
    const ranges = Array.from({ length: 500 }, (_, index) => index + 1).reduce(addNumber, parseRanges(''))

    expect(formatRanges(ranges)).toBe('1-500')
  })

  test('a hole splits a range and its number joins it again', () => {
    const holed = [1, 2, 4, 5, 7].reduce(addNumber, parseRanges(''))

    expect(formatRanges(holed)).toBe('1-2,4-5,7')
    expect(formatRanges(addNumber(holed, 3))).toBe('1-5,7')
    expect(addNumber(holed, 4)).toBe(holed)
  })

  test('the largest number is taken', () => {
    expect(formatRanges(addNumber(parseRanges('1-2147483647'), 2147483648))).toBe('1-2147483648')
  })

  test.each(['x', '5-3', '1-2,2-4', '1,2', '1-', '01', '3,1', '1--2'])('text %p is refused', (text) => {
    expect(() => parseRanges(text)).toThrow(RangeError)
  })
})
