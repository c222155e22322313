import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { decodePacket } from '../../../core/headers/decode.ts'
import { NOTE, PacketColumns } from '../../../core/packets/packet-columns.ts'
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../../../core/packets/reject-reason.ts'
import { icmp, ipv4, ipv6, tcp, udp } from './build-packet.ts'
import { looksLikeIp } from './any-packet.ts'
import { type DecodedRow, decodedRow } from './decoded-row.ts'

const hopByHop = (next: number): number[] => [next, 0, 5, 2, 0, 0, 1, 0]
const ones = (length: number): number[] => Array.from({ length }, () => 0xff)

function fragmentHeader(next: number, offset: number, more: number): number[] {
  return [next, 0, offset >> 5, ((offset << 3) & 0xff) | more, 0, 0, 0, 9]
}

const decoded = (packet: Uint8Array, end = packet.length): DecodedRow | FrameRejectReason =>
  decodedRow(packet, 0, end)

describe('decodePacket on IPv4', () => {
  test('reads every field of a TCP SYN', () => {
    const packet = ipv4(
      { src: '255.1.2.3', dst: '203.0.113.9', id: 0xfedc, fragment: 0x4000, ttl: 201 },
      tcp({ srcPort: 65535, dstPort: 23, seq: 0xcb007109, flags: 0x002, window: 1024 })
    )

    expect(decoded(packet)).toEqual({
      ipVersion: 4,
      src: [0xff010203, 0, 0, 0],
      dst: [0xcb007109, 0, 0, 0],
      protocol: 6,
      srcPort: 65535,
      dstPort: 23,
      icmpType: -1,
      icmpCode: -1,
      tcpFlags: 2,
      tcpSeq: 0xcb007109,
      tcpDataOffset: 5,
      tcpWindow: 1024,
      ipId: 0xfedc,
      fragment: 0x4000,
      ttl: 201,
      ipLength: 40,
      notes: 0
    })
  })

  test('finds the transport after IP options', () => {
    const packet = ipv4({ options: [7, 7, 4, 0, 0, 0, 0, 0] }, tcp({ dstPort: 2323 }))

    expect(decoded(packet)).toMatchObject({ dstPort: 2323, ipLength: 48, notes: 0 })
  })

  test('gives 12 bits of TCP flags, the reserved ones among them', () => {
    expect(decoded(ipv4({}, tcp({ flags: 0xfff })))).toMatchObject({ tcpFlags: 0xfff })
    expect(decoded(ipv4({}, tcp({ flags: 0x1c2 })))).toMatchObject({ tcpFlags: 0x1c2 })
  })

  test('reads UDP ports, ICMP type and code, and of other protocols the number only', () => {
    expect(decoded(ipv4({ protocol: 17 }, udp(53, 427)))).toMatchObject({
      srcPort: 53,
      dstPort: 427,
      notes: 0
    })
    expect(decoded(ipv4({ protocol: 1 }, icmp(3, 13)))).toMatchObject({
      icmpType: 3,
      icmpCode: 13,
      srcPort: -1
    })
    expect(decoded(ipv4({ protocol: 47 }, [1, 2, 3, 4]))).toMatchObject({
      protocol: 47,
      srcPort: -1,
      icmpType: -1,
      notes: 0
    })
  })

  test('the outermost IP header decides where IP is in IP', () => {
    const inner = ipv4({}, tcp({}))

    expect(decoded(ipv4({ protocol: 4, src: '1.1.1.1' }, [...inner]))).toMatchObject({
      protocol: 4,
      src: [0x01010101, 0, 0, 0],
      dstPort: -1,
      tcpFlags: -1
    })
  })

  test('a later fragment has no transport fields, the first fragment has', () => {
    expect(decoded(ipv4({ fragment: 0x2000 }, tcp({})))).toMatchObject({ dstPort: 23, fragment: 0x2000 })
    expect(decoded(ipv4({ fragment: 0x0001 }, tcp({})))).toMatchObject({
      protocol: 6,
      dstPort: -1,
      tcpSeq: -1,
      tcpFlags: -1,
      tcpDataOffset: 0,
      notes: 0
    })
  })

  test('total length 0, as segmentation offload leaves it, is taken as what was captured', () => {
    expect(decoded(ipv4({ totalLength: 0 }, tcp({ options: [1, 1, 1, 1] })))).toMatchObject({
      ipLength: 0,
      tcpDataOffset: 6,
      notes: 0
    })
  })

  test('bytes after the IP total length are not the packet', () => {
    const packet = ipv4({ protocol: 17, totalLength: 22 }, udp(53, 53))

    expect(decoded(packet)).toMatchObject({ srcPort: -1, dstPort: -1, notes: NOTE.transportCutShort })
  })

  test.each([
    ['ip-header-cut-short', Uint8Array.of()],
    ['ip-header-cut-short', Uint8Array.of(0x45)],
    ['ip-header-cut-short', ipv4({}, []).subarray(0, 19)],
    ['ip-header-cut-short', ipv4({ ihl: 6, totalLength: 40 }, [1, 2, 3])],
    ['ip-version', Uint8Array.of(0x55, 0, 0, 0)],
    ['ip-version', new Uint8Array(60)],
    ['ip-header-length', ipv4({ ihl: 4 }, tcp({}))],
    ['ip-total-length', ipv4({ totalLength: 19 }, tcp({}))],
    ['ip-total-length', ipv4({ ihl: 15, totalLength: 59 }, [])]
  ] as const)('rejects as %s', (reason, packet) => {
    expect(decoded(packet)).toBe(reason)
  })
})

describe('decodePacket where the transport is cut', () => {
  const syn = ipv4({}, tcp({ window: 512 }))

  test.each([
    [3, { srcPort: -1, dstPort: -1, tcpSeq: -1 }],
    [4, { srcPort: 40000, dstPort: 23, tcpSeq: -1 }],
    [7, { dstPort: 23, tcpSeq: -1 }],
    [8, { tcpSeq: 0x01020304, tcpFlags: -1, tcpDataOffset: 0 }],
    [13, { tcpSeq: 0x01020304, tcpFlags: -1, tcpDataOffset: 0 }],
    [14, { tcpFlags: 2, tcpDataOffset: 5, tcpWindow: -1 }],
    [16, { tcpWindow: 512 }],
    [19, { tcpWindow: 512 }]
  ])('%i captured bytes of TCP give the fields that they hold', (bytes, fields) => {
    expect(decoded(syn, 20 + bytes)).toMatchObject({ ...fields, notes: NOTE.transportCutShort })
  })

  test('ICMP and UDP likewise', () => {
    const unreachable = ipv4({ protocol: 1 }, icmp(3, 1))
    const query = ipv4({ protocol: 17 }, udp(1, 2))
    const cut = { notes: NOTE.transportCutShort }

    expect(decoded(unreachable, 20)).toMatchObject({ icmpType: -1, icmpCode: -1, ...cut })
    expect(decoded(unreachable, 21)).toMatchObject({ icmpType: 3, icmpCode: -1, ...cut })
    expect(decoded(unreachable, 22)).toMatchObject({ icmpType: 3, icmpCode: 1, ...cut })
    expect(decoded(query, 23)).toMatchObject({ srcPort: -1, dstPort: -1, ...cut })
    expect(decoded(query, 27)).toMatchObject({ srcPort: 1, dstPort: 2, ...cut })
  })

  test('options that only the capture cut are no lie of the data offset', () => {
    const packet = ipv4({}, tcp({ options: [2, 4, 5, 180, 1, 1, 1, 1] }))

    expect(decoded(packet, 42)).toMatchObject({ tcpDataOffset: 7, notes: 0 })
  })

  test('a TCP data offset under 5 or past the end of the packet is noted, and everything is read', () => {
    const mirai = ipv4({}, tcp({ dataOffset: 6, seq: 0xcb007109 }))

    expect(decoded(mirai)).toMatchObject({ tcpSeq: 0xcb007109, tcpFlags: 2, notes: NOTE.tcpDataOffset })
    expect(decoded(ipv4({}, tcp({ dataOffset: 4 })))).toMatchObject({ notes: NOTE.tcpDataOffset })
    expect(decoded(ipv4({ totalLength: 40 }, tcp({ options: [1, 1, 1, 1] })))).toMatchObject({
      notes: NOTE.tcpDataOffset
    })
  })
})

describe('decodePacket on IPv6', () => {
  test('reads every field of a TCP SYN', () => {
    expect(decoded(ipv6({ hopLimit: 255 }, tcp({ seq: 7 })))).toEqual({
      ipVersion: 6,
      src: [0x26064700, 0, 0, 0x11],
      dst: [0x2a001450, 0, 0, 0x22],
      protocol: 6,
      srcPort: 40000,
      dstPort: 23,
      icmpType: -1,
      icmpCode: -1,
      tcpFlags: 2,
      tcpSeq: 7,
      tcpDataOffset: 5,
      tcpWindow: 65535,
      ipId: -1,
      fragment: 0,
      ttl: 255,
      ipLength: 60,
      notes: 0
    })
  })

  test('walks all extension headers to the upper layer', () => {
    const chain = [
      hopByHop(43),
      [60, 2, 0, 0, ...ones(20)],
      [51, 1, ...ones(14)],
      [135, 4, ...ones(22)],
      [139, 0, 0, 0, 0, 0, 0, 0],
      [140, 0, 0, 0, 0, 0, 0, 0],
      [58, 0, 0, 0, 0, 0, 0, 0]
    ].flat()

    expect(decoded(ipv6({ next: 0 }, [...chain, ...icmp(128, 7)]))).toMatchObject({
      protocol: 58,
      icmpType: 128,
      icmpCode: 7,
      notes: 0
    })
  })

  test('ESP and "no next header" end the chain', () => {
    expect(decoded(ipv6({ next: 50 }, tcp({})))).toMatchObject({ protocol: 50, dstPort: -1 })
    expect(decoded(ipv6({ next: 0 }, [...hopByHop(59), ...tcp({})]))).toMatchObject({
      protocol: 59,
      dstPort: -1
    })
  })

  test('a fragment header fills `fragment` in the layout of IPv4', () => {
    const first = ipv6({ next: 44 }, [...fragmentHeader(17, 0, 1), ...udp(1, 2)])
    const later = ipv6({ next: 44 }, [...fragmentHeader(17, 185, 0), ...udp(1, 2)])
    const atomic = ipv6({ next: 44 }, [...fragmentHeader(17, 0, 0), ...udp(1, 2)])

    expect(decoded(first)).toMatchObject({ fragment: 0x2000, protocol: 17, dstPort: 2 })
    expect(decoded(later)).toMatchObject({ fragment: 185, protocol: 17, dstPort: -1 })
    expect(decoded(atomic)).toMatchObject({ fragment: 0, dstPort: 2 })
  })

  test('what follows the header of a later fragment is payload and not walked', () => {
    const later = ipv6({ next: 44 }, [...fragmentHeader(60, 1, 0), 0xff])

    expect(decoded(later)).toMatchObject({ protocol: 60, fragment: 1, notes: 0 })
  })

  test('an extension header that is cut by the capture or by the payload length is rejected', () => {
    const packet = ipv6({ next: 0 }, [...hopByHop(6), ...tcp({})])

    expect(decoded(packet, 40)).toBe('ipv6-extension-cut-short')
    expect(decoded(packet, 47)).toBe('ipv6-extension-cut-short')
    expect(decoded(packet, 48)).toMatchObject({ protocol: 6, notes: NOTE.transportCutShort })
    expect(decoded(ipv6({ next: 60 }, [6, 1, ...tcp({}).slice(0, 13)]))).toBe('ipv6-extension-cut-short')
    expect(decoded(ipv6({ next: 0, payloadLength: 7 }, hopByHop(6)))).toBe('ipv6-extension-cut-short')
  })

  test('the fixed header needs 40 bytes', () => {
    expect(decoded(ipv6({ next: 59 }, []), 39)).toBe('ip-header-cut-short')
    expect(decoded(ipv6({ next: 59 }, []), 40)).toMatchObject({ protocol: 59, ipLength: 40 })
  })

  test('a packet of payload length 0 without the option of a jumbogram ends before its extension headers', () => {
    const noJumbo = ipv6({ next: 0, payloadLength: 0 }, [6, 0, 1, 4, 0, 0, 0, 0, ...tcp({})])

    expect(decoded(noJumbo)).toBe('ipv6-extension-cut-short')
  })

  test('a jumbogram may have other options before the one with its length', () => {
    const options = [0, 5, 2, 0, 0, 0xc2, 4, 0, 1, 0, 0, 1, 1, 0]
    const jumbo = ipv6({ next: 0, payloadLength: 0 }, [6, 1, ...options, ...tcp({})])

    expect(decoded(jumbo)).toMatchObject({ protocol: 6, dstPort: 23 })
  })

  test('a jumbogram, with payload length 0, is bounded by what was captured', () => {
    const jumbo = ipv6({ next: 0, payloadLength: 0 }, [6, 0, 0xc2, 4, 0, 1, 0, 0, ...tcp({})])

    expect(decoded(jumbo)).toMatchObject({ protocol: 6, dstPort: 23, ipLength: 40, notes: 0 })
  })
})

describe('decodePacket on anything', () => {
  test('reads nothing outside [start, end): what lies around changes nothing', () => {
    fc.assert(
      fc.property(
        looksLikeIp,
        fc.uint8Array({ maxLength: 8 }),
        fc.uint8Array({ maxLength: 80 }),
        (packet, before, after) => {
          const surrounded = Uint8Array.from([...before, ...packet, ...after])

          expect(decodedRow(surrounded, before.length, before.length + packet.length)).toEqual(
            decoded(packet)
          )
        }
      ),
      { numRuns: 2000 }
    )
  })

  test('writes its own row only, all of it, and answers 0 or a reason', () => {
    const columns = new PacketColumns(3)
    for (const column of Object.values(columns))
      if (ArrayBuffer.isView(column)) (column as Uint8Array).fill(99)

    expect(decodePacket(ipv4({}, tcp({})), 0, 40, columns, 1)).toBe(0)

    expect([columns.ttl[0], columns.ttl[1], columns.ttl[2]]).toEqual([99, 64, 99])
    expect([...columns.src]).toEqual([99, 99, 99, 99, 0x08080404, 0, 0, 0, 99, 99, 99, 99])
    expect([columns.icmpType[0], columns.icmpType[1], columns.icmpType[2]]).toEqual([99, -1, 99])
    expect(columns.length).toBe(0)
    expect(decodePacket(Uint8Array.of(0x70), 0, 1, columns, 1)).toBe(
      1 + FRAME_REJECT_REASONS.indexOf('ip-version')
    )
  })
})
