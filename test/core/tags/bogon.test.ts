import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { addressFromBytes, parseAddress } from '../../../core/headers/address.ts'
import { parsePrefix, prefixContains } from '../../../core/headers/prefix.ts'
import { isBogon } from '../../../core/tags/bogon.ts'
import { SPECIAL_PURPOSE_BLOCKS } from '../../../core/tags/special-purpose.ts'

const bogon = (text: string): boolean => {
  const { version, words } = parseAddress(text)!
  return isBogon(version, words, 0)
}

/** The rule as it is written: the longest block that says true or false decides. */
function bySlowSearch(version: number, words: Uint32Array): boolean {
  const holding = SPECIAL_PURPOSE_BLOCKS.filter((b) => prefixContains(parsePrefix(b.prefix)!, version, words))
  const saying = holding.filter((b) => b.isGloballyReachable !== 'n/a')
  saying.sort((a, b) => parsePrefix(b.prefix)!.lengthBits - parsePrefix(a.prefix)!.lengthBits)
  return saying[0]?.isGloballyReachable === false
}

describe('isBogon', () => {
  test('every block of the registries is a prefix', () => {
    for (const { prefix } of SPECIAL_PURPOSE_BLOCKS) expect([prefix, parsePrefix(prefix)]).not.toContain(null)
  })

  test.each([
    '0.0.0.0',
    '0.255.255.255',
    '10.0.0.1',
    '100.64.0.0',
    '100.127.255.255',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.0.11',
    '192.0.2.1',
    '192.88.99.2',
    '192.168.255.255',
    '198.18.0.0',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.255',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '100:0:0:1::1',
    '2001::1',
    '2001:1::4',
    '2001:2::1',
    '2001:10::1',
    '2001:db8::1',
    '3fff:fff:ffff::1',
    '5f00::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'febf::1',
    'ff02::1'
  ])('%s is no source on the public Internet', (address) => {
    expect(bogon(address)).toBe(true)
  })

  test.each([
    '1.0.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.0.9',
    '192.0.0.10',
    '192.0.1.0',
    '192.0.3.0',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '192.175.48.1',
    '198.17.255.255',
    '198.20.0.0',
    '203.0.112.255',
    '203.0.114.0',
    '223.255.255.255',
    '64:ff9b::808:808',
    '2001:1::1',
    '2001:1::2',
    '2001:1::3',
    '2001:3::1',
    '2001:4:112::1',
    '2001:20::1',
    '2001:30::1',
    '2001:200::1',
    '2001:db9::1',
    '2002:808:808::1',
    '2606:4700::1111',
    '2620:4f:8000::1',
    '3fff:1000::1'
  ])('%s may be a source', (address) => {
    expect(bogon(address)).toBe(false)
  })

  test('the table by upper bits gives what the rule gives, at and around every block', () => {
    for (const { prefix } of SPECIAL_PURPOSE_BLOCKS) {
      const { version, words, lengthBits } = parsePrefix(prefix)!
      for (let bit = 0; bit < (version === 4 ? 32 : 128); bit++) {
        const near = words.slice()
        near[bit >> 5] = near[bit >> 5]! ^ (1 << (31 - (bit & 31)))

        expect([prefix, lengthBits, bit, isBogon(version, near, 0)]).toEqual([
          prefix,
          lengthBits,
          bit,
          bySlowSearch(version, near)
        ])
      }
    }
  })

  test('and on any address', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 })
    )

    fc.assert(
      fc.property(bytes, (bytes) => {
        const { version, words } = addressFromBytes(bytes)!

        expect(isBogon(version, words, 0)).toBe(bySlowSearch(version, words))
      }),
      { numRuns: 1000 }
    )
  })
})
