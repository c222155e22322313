import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  addEntry,
  formatRanges,
  hasNumber,
  holesOf,
  parseRanges,
  type SeenRanges
} from '../../../core/fence/seen-ranges.ts'

const FRAMES = 10

function entered(ranges: SeenRanges, number: number): SeenRanges {
  const framesBefore = (number - 1) * FRAMES
  return addEntry(ranges, { from: number, to: number, frames: FRAMES, framesBefore, closedSeconds: number })
}

describe('ranges of seen numbers', () => {
  test('numbers in any order give the same members as a Set, and holes that are all the others', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 }))
    fc.assert(
      fc.property(numbers, (order) => {
        const ranges = order.reduce(entered, parseRanges(''))

        const members = new Set(order)
        const holes = holesOf(ranges, { number: 61, frames: 61 * FRAMES })
        for (let number = 1; number <= 61; number++) {
          expect(hasNumber(ranges, number)).toBe(members.has(number))
          expect(holes.some(({ from, to }) => from <= number && number <= to)).toBe(!members.has(number))
        }
        for (const { from, to, frames } of holes) expect(frames).toBe((to - from + 1) * FRAMES)
        expect(parseRanges(formatRanges(ranges))).toEqual(ranges)
      })
    )
  })

  test('one range is all that is kept while nothing is missing', () => {
    const ranges = Array.from({ length: 500 }, (_, index) => index + 1).reduce(entered, parseRanges(''))

    expect(formatRanges(ranges)).toBe('1-500:0-5000:1-500')
  })

  test('a hole splits a range, is as large as its neighbours say, and its number joins it again', () => {
    const holed = [1, 2, 4, 5, 7].reduce(entered, parseRanges(''))

    expect(formatRanges(holed)).toBe('1-2:0-20:1-2,4-5:30-50:4-5,7-7:60-70:7-7')
    expect(holesOf(holed, null)).toEqual([
      { from: 3, to: 3, frames: 10, sinceSeconds: 2, untilSeconds: 4 },
      { from: 6, to: 6, frames: 10, sinceSeconds: 5, untilSeconds: 7 }
    ])
    expect(formatRanges(entered(holed, 3))).toBe('1-5:0-50:1-5,7-7:60-70:7-7')
  })

  test('numbers whose frames nobody said stand where their neighbours leave room', () => {
    const unsaid = { from: 3, to: 4, frames: 20, framesBefore: null, closedSeconds: 9 }
    const behind = [1, 2].reduce(entered, parseRanges(''))
    const ahead = [1, 5].reduce(entered, parseRanges(''))

    expect(formatRanges(addEntry(behind, unsaid))).toBe('1-4:0-40:1-9')
    expect(formatRanges(addEntry(ahead, unsaid))).toBe('1-1:0-10:1-1,3-5:20-50:9-5')
  })

  test('the largest number is taken', () => {
    const ranges = parseRanges('1-2147483647:0-5:0-0')
    const last = { from: 2_147_483_648, to: 2_147_483_648, frames: 1, framesBefore: 5, closedSeconds: 1 }

    expect(formatRanges(addEntry(ranges, last))).toBe('1-2147483648:0-6:0-1')
  })

  test.each([
    'x',
    '5-3:0-1:0-0',
    '1-2:0-1:0-0,2-4:1-2:0-0',
    '1-1:0-1:0-0,2-2:1-2:0-0',
    '1-',
    '1-1',
    '01-1:0-1:0-0'
  ])('text %p is refused', (text) => {
    expect(() => parseRanges(text)).toThrow(RangeError)
  })
})
