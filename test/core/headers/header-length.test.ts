import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { keptBytes } from '../../../core/headers/header-length.ts'
import { icmp, ipv4, ipv6, tcp, udp } from './build-packet.ts'
import { looksLikeIp } from './any-packet.ts'
import { decodedRow } from './decoded-row.ts'

const SECRET = Array.from({ length: 32 }, () => 0x53)
const kept = (packet: Uint8Array, end = packet.length): number => keptBytes(packet, 0, end)

describe('keptBytes', () => {
  test('keeps IP and TCP with their options and nothing of the payload', () => {
    expect(kept(ipv4({}, tcp({}, SECRET)))).toBe(40)
    expect(kept(ipv4({ options: [7, 4, 4, 0] }, tcp({ options: [2, 4, 5, 180] }, SECRET)))).toBe(48)
    expect(kept(ipv6({}, tcp({ options: [2, 4, 5, 180] }, SECRET)))).toBe(64)
  })

  test('keeps 8 bytes of UDP, ICMP and ICMPv6, and nothing of other protocols', () => {
    expect(kept(ipv4({ protocol: 17 }, udp(1, 2, SECRET)))).toBe(28)
    expect(kept(ipv4({ protocol: 1 }, icmp(8, 0, [0, 1, 0, 1, ...SECRET])))).toBe(28)
    expect(kept(ipv6({ next: 58 }, icmp(128, 0, [0, 1, 0, 1, ...SECRET])))).toBe(48)
    expect(kept(ipv4({ protocol: 47 }, SECRET))).toBe(20)
    expect(kept(ipv6({ next: 50 }, SECRET))).toBe(40)
  })

  test('keeps extension headers', () => {
    expect(
      kept(ipv6({ next: 0 }, [60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0, ...udp(1, 2, SECRET)]))
    ).toBe(64)
  })

  test('keeps nothing behind the IP header of a later fragment', () => {
    expect(kept(ipv4({ fragment: 185 }, tcp({}, SECRET)))).toBe(20)
    expect(kept(ipv6({ next: 44 }, [6, 0, 0, 8, 0, 0, 0, 1, ...SECRET]))).toBe(48)
  })

  test('a data offset that lies keeps the fixed 20 bytes only, since payload may follow', () => {
    expect(kept(ipv4({}, tcp({ dataOffset: 15 }, SECRET)))).toBe(40)
    expect(kept(ipv4({}, tcp({ dataOffset: 0 }, SECRET)))).toBe(40)
    expect(kept(ipv4({ totalLength: 0 }, tcp({ dataOffset: 15 }, SECRET)))).toBe(40)
  })

  test('bytes behind the IP total length are not kept', () => {
    expect(kept(ipv4({ protocol: 17, totalLength: 24 }, udp(1, 2, SECRET)))).toBe(24)
  })

  test('a capture cut inside the headers is kept as it is', () => {
    const packet = ipv4({}, tcp({ options: [2, 4, 5, 180, 1, 1, 1, 1] }))

    for (let end = 20; end <= packet.length; end++) expect(kept(packet, end)).toBe(end)
  })

  test('of a packet with a bad IP header at most 40 bytes are kept, of IPv4 20', () => {
    expect(kept(ipv4({ ihl: 3 }, tcp({}, SECRET)))).toBe(20)
    expect(kept(ipv4({ totalLength: 7 }, tcp({}, SECRET)))).toBe(20)
    expect(kept(Uint8Array.from([0x90, ...SECRET, ...SECRET]))).toBe(40)
    expect(kept(Uint8Array.of(0x90, 1))).toBe(2)
    expect(kept(Uint8Array.of())).toBe(0)
    expect(kept(ipv6({ next: 0, payloadLength: 3 }, SECRET))).toBe(40)
  })

  test('what is kept decodes to the same row, or is rejected for the same reason', () => {
    fc.assert(
      fc.property(looksLikeIp, (packet) => {
        const bytes = kept(packet)

        expect(bytes).toBeLessThanOrEqual(packet.length)
        expect(decodedRow(packet.slice(0, bytes), 0, bytes)).toEqual(decodedRow(packet, 0, packet.length))
      }),
      { numRuns: 5000 }
    )
  })

  test('what is kept is cut no further by a second sensor', () => {
    fc.assert(
      fc.property(looksLikeIp, (packet) => {
        const bytes = kept(packet)

        expect(kept(packet, bytes)).toBe(bytes)
      }),
      { numRuns: 2000 }
    )
  })
})
