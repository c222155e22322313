import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { decodePacket } from '../../../core/headers/decode.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { NO_NAT } from '../../../core/tags/aimed-at.ts'
import { TAG_BITS, tagIds } from '../../../core/tags/rules.ts'
import { tagColumns } from '../../../core/tags/tag-columns.ts'
import { ipv4, tcp, udp } from '../headers/build-packet.ts'
import { looksLikeIp } from '../headers/any-packet.ts'

function columnsOf(packets: readonly Uint8Array[]): PacketColumns {
  const columns = new PacketColumns(packets.length)
  for (const packet of packets) {
    if (decodePacket(packet, 0, packet.length, columns, columns.length) === 0) columns.length++
  }
  return columns
}

describe('tagColumns', () => {
  test('tags every row, overwrites what was there, and touches nothing past the length', () => {
    const columns = columnsOf([
      ipv4({ id: 54321, ttl: 255 }, tcp({ window: 1024 })),
      ipv4({ protocol: 17, src: '192.168.1.1' }, udp(53, 0)),
      ipv4({}, tcp({ flags: 0x10, options: [1, 1, 1, 1] }))
    ])
    columns.tags.fill(0xffffffff)
    columns.length = 2

    tagColumns(columns, NO_NAT)

    expect([...columns.tags.subarray(0, 2)].map(tagIds)).toEqual([
      ['zmap', 'ttl-200', 'tcp-no-options', 'tcp-window-1024', 'scan'],
      ['backscatter', 'bogon-source', 'port-0']
    ])
    expect(columns.tags[2]).toBe(0xffffffff)
  })

  test('no packet is both scan and backscatter', () => {
    fc.assert(
      fc.property(looksLikeIp, (packet) => {
        const columns = columnsOf([packet])
        tagColumns(columns, NO_NAT)
        const both = TAG_BITS.scan | TAG_BITS.backscatter

        expect(columns.tags[0]! & both).not.toBe(both)
      }),
      { numRuns: 2000 }
    )
  })

  test('a later fragment and a packet of another protocol have tags of the IP header only', () => {
    const ipTags = ['zmap', 'bogon-source', 'same-src-dst', 'fragment', 'ttl-200']

    fc.assert(
      fc.property(looksLikeIp, (packet) => {
        const columns = columnsOf([packet])
        fc.pre(columns.length === 1)
        fc.pre((columns.fragment[0]! & 0x1fff) !== 0 || ![1, 6, 17, 58].includes(columns.protocol[0]!))
        tagColumns(columns, NO_NAT)

        expect(ipTags).toEqual(expect.arrayContaining([...tagIds(columns.tags[0]!)]))
      }),
      { numRuns: 1000 }
    )
  })
})
