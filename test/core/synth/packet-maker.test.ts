// Packets by the rules of their tools: the decoder takes them, their checksums are right, and the tagger finds the tool again.
import { describe, expect, test } from '@jest/globals'
import { decodePacket } from '../../../core/headers/decode.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { PacketMaker } from '../../../core/synth/packet-maker.ts'
import type { Tool } from '../../../core/synth/scenario.ts'
import { NO_NAT } from '../../../core/tags/aimed-at.ts'
import { tagIds } from '../../../core/tags/rules.ts'
import { tagColumns } from '../../../core/tags/tag-columns.ts'

const maker = new PacketMaker()

function make(
  tool: Tool,
  word: number,
  over: { readonly protocol?: number; readonly port?: number } = {}
): Uint8Array {
  const src = (0x01020000 + Math.imul(word, 2_654_435_761)) >>> 0
  const length = maker.make({ tool, src, dst: 0xc6120005, protocol: 6, port: 23, word, ...over })
  return maker.bytes.slice(0, length)
}

function tagsOf(packet: Uint8Array): readonly string[] {
  const columns = new PacketColumns(1)
  expect(decodePacket(packet, 0, packet.length, columns, 0)).toBe(0)
  columns.length = 1
  tagColumns(columns, NO_NAT)
  return tagIds(columns.tags[0]!)
}

/** Ones' complement sum of 16-bit words; 0xffff where a checksum that is in it is right. */
function sum(bytes: Uint8Array, start = 0): number {
  let total = start
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

const WORDS = Array.from({ length: 300 }, (_, i) => Math.imul(i + 1, 2_246_822_519) >>> 0)
const CASES: readonly (readonly [Tool, number, readonly string[], readonly string[]])[] = [
  ['mirai', 6, ['mirai', 'scan', 'tcp-no-options'], ['zmap', 'backscatter']],
  ['zmap', 6, ['zmap', 'scan', 'ttl-200'], ['mirai', 'tcp-no-options']],
  ['masscan', 6, ['masscan', 'scan', 'tcp-window-1024', 'tcp-no-options'], ['mirai']],
  ['linux', 6, ['scan'], ['mirai', 'tcp-no-options', 'ttl-200', 'backscatter']],
  ['windows', 6, ['scan'], ['mirai', 'tcp-no-options', 'ttl-200', 'backscatter']],
  ['echo', 1, ['scan'], ['backscatter']],
  ['udp', 17, ['scan'], ['backscatter']],
  ['backscatter', 6, ['backscatter'], ['scan', 'mirai']]
]

describe.each(CASES)('%s', (tool, protocol, always, hardlyEver) => {
  test('has the tags of its tool, and others by chance at most', () => {
    const chance = new Map<string, number>()
    for (const word of WORDS) {
      const tags = tagsOf(make(tool, word, { protocol, port: tool === 'udp' ? 1900 : 23 }))
      for (const tag of always) expect(tags).toContain(tag)
      for (const tag of hardlyEver) if (tags.includes(tag)) chance.set(tag, (chance.get(tag) ?? 0) + 1)
    }
    for (const count of chance.values()) expect(count).toBeLessThanOrEqual(2)
  })

  test('is as long as it says, and its checksums are right', () => {
    for (const word of WORDS) {
      const packet = make(tool, word, { protocol })
      expect((packet[2]! << 8) | packet[3]!).toBe(packet.length)
      expect(sum(packet.subarray(0, 20))).toBe(0xffff)
      const body = packet.subarray(20)
      const pseudo = packet[9] === 1 ? 0 : sum(packet.subarray(12, 20), packet[9]! + body.length)
      expect(sum(body, pseudo)).toBe(0xffff)
    }
  })
})
