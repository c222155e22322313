import { describe, expect, test } from '@jest/globals'
import { formatIpv4, parseAddress } from '../../../core/headers/address.ts'
import { buildAimedAt, NO_NAT, type PublicAddressMap } from '../../../core/tags/aimed-at.ts'

const aimedAt = (map: PublicAddressMap, dst: string): string =>
  formatIpv4(buildAimedAt(map).ipv4(parseAddress(dst)!.words[0]!))

describe('buildAimedAt', () => {
  test('without a map every destination is the address aimed at', () => {
    expect(buildAimedAt([])).toBe(NO_NAT)
    expect(aimedAt([], '203.0.113.9')).toBe('203.0.113.9')
    expect(NO_NAT.ipv4(0xffffffff)).toBe(0xffffffff)
  })

  test('an address maps to an address, others are their own', () => {
    const map = [{ inside: '10.0.0.5', public: '198.51.100.200' }]

    expect(aimedAt(map, '10.0.0.5')).toBe('198.51.100.200')
    expect(aimedAt(map, '10.0.0.6')).toBe('10.0.0.6')
  })

  test('a prefix maps to a prefix of its length, host by host', () => {
    const map = [{ inside: '172.16.8.0/22', public: '203.0.112.0/22' }]

    expect(aimedAt(map, '172.16.11.255')).toBe('203.0.115.255')
    expect(aimedAt(map, '172.16.8.0')).toBe('203.0.112.0')
    expect(aimedAt(map, '172.16.12.0')).toBe('172.16.12.0')
  })

  test('a prefix may hide behind one address', () => {
    expect(aimedAt([{ inside: '192.168.0.0/16', public: '203.0.113.1' }], '192.168.3.4')).toBe('203.0.113.1')
  })

  test('the longest inside prefix decides, in any order', () => {
    const map = [
      { inside: '10.0.0.0/8', public: '203.0.113.1' },
      { inside: '10.1.0.0/16', public: '203.0.113.2' },
      { inside: '10.1.1.1', public: '203.0.113.3' },
      { inside: '0.0.0.0/0', public: '203.0.113.4' },
      { inside: '240.0.0.0/4', public: '203.0.113.5' }
    ]

    for (const order of [map, map.toReversed()]) {
      expect(aimedAt(order, '10.1.1.1')).toBe('203.0.113.3')
      expect(aimedAt(order, '10.1.1.2')).toBe('203.0.113.2')
      expect(aimedAt(order, '10.2.1.1')).toBe('203.0.113.1')
      expect(aimedAt(order, '8.8.8.8')).toBe('203.0.113.4')
      expect(aimedAt(order, '255.1.1.1')).toBe('203.0.113.5')
    }
  })

  test.each([
    [[{ inside: '10.0.0.0/8', public: '203.0.113.0/24' }], 'differ in length'],
    [[{ inside: '10.0.0.1/8', public: '203.0.113.1' }], 'neither an address nor a prefix'],
    [[{ inside: '10.0.0.1', public: 'example.org' }], 'neither an address nor a prefix'],
    [[{ inside: 'fd00::1', public: '203.0.113.1' }], 'not IPv4'],
    [
      [
        { inside: '10.0.0.1', public: '203.0.113.1' },
        { inside: '10.0.0.1/32', public: '203.0.113.2' }
      ],
      'mapped twice'
    ]
  ])('%j is refused', (map, why) => {
    expect(() => buildAimedAt(map)).toThrow(why)
    expect(() => buildAimedAt(map)).toThrow(expect.objectContaining({ code: 'SP_SENSORS_FILE' }))
  })
})
