import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { AddressSet } from '../../../core/sources/address-set.ts'

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat(0xffffffff), fc.constant(0xffffffff))

describe('an exact set of addresses', () => {
  test('it holds the same members as a Set of their texts', () => {
    const address = fc.oneof(fc.tuple(word), fc.tuple(word, word, word, word))
    fc.assert(
      fc.property(fc.array(address, { maxLength: 300 }), (addresses) => {
        const set = new AddressSet()
        for (const words of addresses) {
          if (words.length === 1) set.add4(words[0])
          else set.add6(...words)
        }

        const members: string[] = []
        set.forEach4((word) => members.push(`${word}`))
        set.forEach6((...words) => members.push(words.join()))
        const expected = new Set(addresses.map((words) => words.join()))
        expect(set.size).toBe(expected.size)
        expect(members.sort()).toEqual([...expected].sort())
      })
    )
  })
})
