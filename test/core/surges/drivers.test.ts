import { expect, test } from '@jest/globals'
import { array, assert, integer, property, record, string } from 'fast-check'
import { driversOf } from '../../../core/surges/drivers.ts'

test('the greatest rises come first, with their shares, and the rest last', () => {
  const drivers = driversOf(
    [
      { key: 'CN', usualPerHour: 10, surgePerHour: 20 },
      { key: 'KR', usualPerHour: 5, surgePerHour: 85 },
      { key: 'TW', usualPerHour: 0, surgePerHour: 8 },
      { key: 'US', usualPerHour: 30, surgePerHour: 12 },
      { key: 'JP', usualPerHour: 2, surgePerHour: 4 }
    ],
    2
  )

  expect(drivers).toEqual([
    { key: 'KR', share: 0.8, ratio: 17 },
    { key: 'CN', share: 0.1, ratio: 2 },
    { key: null, share: 0.1, ratio: 6 }
  ])
})

test('nothing drives what did not rise', () => {
  expect(driversOf([{ key: 'a', usualPerHour: 3, surgePerHour: 3 }], 5)).toEqual([])
  expect(driversOf([], 5)).toEqual([])
})

test('shares are above nothing and add up, whatever the counts', () => {
  const counts = array(
    record({
      key: string(),
      usualPerHour: integer({ min: 0, max: 1000 }),
      surgePerHour: integer({ min: 0, max: 1000 })
    }),
    { maxLength: 30 }
  )
  assert(
    property(counts, integer({ min: 0, max: 10 }), (each, most) => {
      const drivers = driversOf(each, most)
      expect(drivers.length).toBeLessThanOrEqual(most + 1)
      for (const { share } of drivers) expect(share).toBeGreaterThan(0)
      if (drivers.length > 0) expect(drivers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
    })
  )
})
