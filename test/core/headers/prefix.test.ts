import { BlockList } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { addressFromBytes, formatAddress, parseAddress } from '../../../core/headers/address.ts'
import { formatPrefix, parsePrefix, prefixAddresses, prefixContains } from '../../../core/headers/prefix.ts'

const address = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

describe('prefixes', () => {
  test.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['203.0.113.9', '203.0.113.9/32'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['::/0', '::/0']
  ])('%s is read as %s', (text, written) => {
    expect(formatPrefix(parsePrefix(text)!)).toBe(written)
  })

  test.each([
    '192.0.2.1/24',
    '192.0.2.0/33',
    '::/129',
    '192.0.2.0/',
    '192.0.2.0/024',
    '/24',
    '192.0.2/24',
    '2001:db8::1/64',
    'x'
  ])('%s is no prefix', (text) => {
    expect(parsePrefix(text)).toBeNull()
  })

  test('an address of the other version is in no prefix', () => {
    expect(prefixContains(parsePrefix('0.0.0.0/0')!, 6, parseAddress('::')!.words)).toBe(false)
    expect(prefixContains(parsePrefix('::/0')!, 4, parseAddress('1.2.3.4')!.words)).toBe(false)
  })

  test('contains what the block list of the runtime contains, for every length', () => {
    const pair = fc
      .constantFrom(4, 16)
      .chain((bytes) => fc.record({ bits: fc.nat(bytes * 8), base: address(bytes), flip: fc.nat(bytes * 8) }))

    fc.assert(
      fc.property(pair, ({ bits, base, flip }) => {
        const other = Uint8Array.from(base)
        if (flip < base.length * 8) other[flip >> 3] = other[flip >> 3]! ^ (0x80 >> (flip & 7))
        const network = base.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))))
        const { version, words } = addressFromBytes(network)!
        const family = version === 4 ? 'ipv4' : 'ipv6'
        const list = new BlockList()
        list.addSubnet(formatAddress(version, words), bits, family)
        const tried = addressFromBytes(other)!
        const prefix = parsePrefix(`${formatAddress(version, words)}/${bits}`)!

        expect(prefixContains(prefix, version, tried.words)).toBe(flip >= bits)
        // The runtime takes IPv4-mapped IPv6 for IPv4; they are not drawn often enough to matter, and left
        // out.
        fc.pre(version === 4 || words[2] !== 0xffff)
        expect(list.check(formatAddress(tried.version, tried.words), family)).toBe(flip >= bits)
      })
    )
  })

  test('counts its addresses', () => {
    expect(prefixAddresses(parsePrefix('203.0.113.0/24')!)).toBe(256)
    expect(prefixAddresses(parsePrefix('203.0.113.9')!)).toBe(1)
    expect(prefixAddresses(parsePrefix('0.0.0.0/0')!)).toBe(2 ** 32)
    expect(prefixAddresses(parsePrefix('2001:db8::/32')!)).toBe(2 ** 96)
  })
})
