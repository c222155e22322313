import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { CellTable } from '../../../core/windows/cell-table.ts'

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 0xffff_ffff }))

test('a table counts as a map does, through growing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, word, word, fc.integer({ min: 1, max: 9 })), { maxLength: 3000 }),
      (adds) => {
        const table = new CellTable(16)
        const expected = new Map<string, number>()
        for (const [a, b, c, weight] of adds) {
          table.add(a, b, c, weight)
          expected.set(`${a},${b},${c}`, (expected.get(`${a},${b},${c}`) ?? 0) + weight)
        }

        const found = new Map<string, number>()
        table.forEach((a, b, c, count) => {
          found.set(`${a},${b},${c}`, count)
        })

        expect(found).toEqual(expected)
        expect(table.size).toBe(expected.size)
        for (const [a, b, c] of adds) expect(table.count(a, b, c)).toBe(expected.get(`${a},${b},${c}`))
        expect(table.count(7, 7, 7)).toBe(expected.get('7,7,7') ?? 0)
      }
    ),
    { numRuns: 30 }
  )
})

test('a cleared table is empty and counts again', () => {
  const table = new CellTable(16)
  table.add(1, 2, 3, 4)
  table.clear()
  table.add(1, 2, 3, 5)

  const found: number[] = []
  table.forEach((_a, _b, _c, count) => {
    found.push(count)
  })

  expect(found).toEqual([5])
})
