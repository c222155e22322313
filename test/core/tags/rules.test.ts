import { describe, expect, test } from '@jest/globals'
import { isTagId, TAG_BITS, TAG_RULES, tagIds, tagOfBit } from '../../../core/tags/rules.ts'

describe('the table of rules', () => {
  test('every rule has its own id and bit, below bit 31', () => {
    expect(new Set(TAG_RULES.map(({ id }) => id)).size).toBe(TAG_RULES.length)
    expect(new Set(TAG_RULES.map(({ bit }) => bit)).size).toBe(TAG_RULES.length)
    for (const { bit } of TAG_RULES) expect(bit).toBeLessThan(31)
  })

  test('a rule stands at the place of its bit, and a bit names its tag', () => {
    expect(TAG_RULES.map(({ bit }) => bit)).toEqual(TAG_RULES.map((_, place) => place))
    expect(TAG_RULES.map(({ bit }) => tagOfBit(bit))).toEqual(TAG_RULES.map(({ id }) => id))
    expect(tagOfBit(TAG_RULES.length)).toBeNull()
  })

  test('bits are fixed: what was stored last year reads the same', () => {
    expect(TAG_BITS).toEqual({
      mirai: 1,
      zmap: 2,
      masscan: 4,
      backscatter: 8,
      'bogon-source': 16,
      'same-src-dst': 32,
      'port-0': 64,
      fragment: 128,
      'ttl-200': 256,
      'tcp-no-options': 512,
      'tcp-window-1024': 1024,
      scan: 2048,
      'known-scanner': 4096
    })
  })

  test('tagIds names the bits in the order of the table, once', () => {
    expect(tagIds(0)).toEqual([])
    expect(tagIds(TAG_BITS.scan | TAG_BITS.mirai)).toEqual(['mirai', 'scan'])
    expect(tagIds(0xffffffff)).toEqual(TAG_RULES.map(({ id }) => id))
    expect(tagIds(5)).toBe(tagIds(5))
  })

  test('isTagId knows the ids', () => {
    expect(isTagId('mirai')).toBe(true)
    expect(isTagId('Mirai')).toBe(false)
  })
})
