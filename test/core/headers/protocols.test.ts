import { describe, expect, test } from '@jest/globals'
import { parsePortKey, portKey } from '../../../core/headers/protocols.ts'
import { ABSENT } from '../../../core/packets/packet-columns.ts'

describe('port keys', () => {
  test.each([
    [6, 23, '23/TCP'],
    [6, 0, '0/TCP'],
    [17, 53, '53/UDP'],
    [6, ABSENT, 'TCP'],
    [17, ABSENT, 'UDP'],
    [1, ABSENT, 'ICMP'],
    [58, ABSENT, 'ICMPv6'],
    [47, ABSENT, '47/IP'],
    [0, ABSENT, '0/IP']
  ])('protocol %i, port %i is %s, and back', (protocol, port, key) => {
    expect(portKey(protocol, port)).toBe(key)
    expect(parsePortKey(key)).toEqual({ protocol, port })
  })

  test('every protocol number has its own key', () => {
    const keys = new Set(Array.from({ length: 256 }, (_, protocol) => portKey(protocol, ABSENT)))

    expect(keys.size).toBe(256)
    for (const key of keys) expect(portKey(parsePortKey(key)!.protocol, ABSENT)).toBe(key)
  })

  test('letters may be in either case', () => {
    expect(parsePortKey('23/tcp')).toEqual({ protocol: 6, port: 23 })
    expect(parsePortKey('icmpv6')).toEqual({ protocol: 58, port: ABSENT })
  })

  test.each([
    '',
    '23',
    '/TCP',
    '65536/TCP',
    '023/TCP',
    '-1/UDP',
    '256/IP',
    '6/IP',
    '1/ICMP',
    '23/SCTP',
    '23/TCP '
  ])('%j is no port key', (text) => {
    expect(parsePortKey(text)).toBeNull()
  })
})
