import { isIP } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  addressBytes,
  addressFromBytes,
  formatAddress,
  formatDestination,
  formatIpv4,
  formatSource,
  parseAddress
} from '../../../core/headers/address.ts'
import { decodePacket } from '../../../core/headers/decode.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { ipv4, ipv6, tcp } from './build-packet.ts'

const normal = (text: string): string | null => {
  const address = parseAddress(text)
  return address === null ? null : formatAddress(address.version, address.words)
}

describe('formatting', () => {
  test('IPv4 words, signed or unsigned, become dotted quads', () => {
    expect(formatIpv4(0xffffffff)).toBe('255.255.255.255')
    expect(formatIpv4(-1)).toBe('255.255.255.255')
    expect(formatIpv4(0)).toBe('0.0.0.0')
    expect(formatIpv4(0xcb007109)).toBe('203.0.113.9')
  })

  test.each([
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['::ffff:192.0.2.128', '::ffff:192.0.2.128'],
    ['::ffff:c000:280', '::ffff:192.0.2.128'],
    ['::c000:280', '::192.0.2.128'],
    ['::1:0', '::0.1.0.0'],
    ['::ffff', '::ffff'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221']
  ])('%s is written %s, as RFC 5952 says', (text, written) => {
    expect(normal(text)).toBe(written)
  })

  test('source and destination of a row', () => {
    const columns = new PacketColumns(2)
    const first = ipv4({ src: '198.51.100.7', dst: '203.0.113.9' }, tcp({}))
    const second = ipv6({}, tcp({}))
    decodePacket(first, 0, first.length, columns, 0)
    decodePacket(second, 0, second.length, columns, 1)

    expect([formatSource(columns, 0), formatDestination(columns, 0)]).toEqual(['198.51.100.7', '203.0.113.9'])
    expect([formatSource(columns, 1), formatDestination(columns, 1)]).toEqual([
      '2606:4700::11',
      '2a00:1450::22'
    ])
  })
})

describe('parsing', () => {
  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '+1.2.3.4',
    '1.2.3.',
    '1..2.3',
    'a.b.c.d'
  ])('%j is no IPv4 address', (text) => {
    expect(parseAddress(text)).toBeNull()
  })

  test.each([
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::1::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:'
  ])('%j is no IPv6 address', (text) => {
    expect(parseAddress(text)).toBeNull()
  })

  test('agrees with the runtime on any text of address characters', () => {
    const text = fc.oneof(
      fc.string({
        unit: fc.constantFrom('0', '1', '9', 'a', 'F', ':', '::', '.', '255', 'ffff'),
        maxLength: 16
      }),
      fc.ipV6(),
      fc.ipV4()
    )

    fc.assert(
      fc.property(text, (text) => {
        expect(parseAddress(text)?.version ?? 0).toBe(isIP(text))
      }),
      { numRuns: 3000 }
    )
  })
})

describe('round trips', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
      .map((b) => Uint8Array.from(b))
  )

  test('bytes to words to text and back', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const address = addressFromBytes(bytes)!
        const text = formatAddress(address.version, address.words)

        expect(addressBytes(address.version, address.words)).toEqual(bytes)
        expect(parseAddress(text)).toEqual(address)
      })
    )
  })

  test('text is as the URL parser of the runtime writes it', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const { version, words } = addressFromBytes(bytes)!
        const text = formatAddress(version, words)
        // Addresses with an IPv4 address in them are written in hexadecimal there.
        const hasIpv4 = version === 6 && words[0] === 0 && words[1] === 0 && text.includes('.')
        fc.pre(!hasIpv4)

        expect(new URL(`http://${version === 6 ? `[${text}]` : text}/`).hostname).toBe(
          version === 6 ? `[${text}]` : text
        )
      })
    )
  })

  test('bytes of any other number are no address', () => {
    expect(addressFromBytes(new Uint8Array(5))).toBeNull()
    expect(addressFromBytes(new Uint8Array(0))).toBeNull()
  })
})
