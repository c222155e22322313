import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { decodePacket } from '../../../core/headers/decode.ts'
import { keptBytes } from '../../../core/headers/header-length.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { buildAimedAt, type PublicAddressMap } from '../../../core/tags/aimed-at.ts'
import { TAG_RULES, type TagId, tagIds } from '../../../core/tags/rules.ts'
import { tagColumns } from '../../../core/tags/tag-columns.ts'

interface Vector {
  readonly what: string
  readonly packet: string
  readonly expected: 'yes' | 'no'
  readonly publicAddresses?: PublicAddressMap
}

interface VectorFile {
  readonly tag: TagId
  readonly vectors: readonly Vector[]
}

const FOLDER = join(__dirname, '../../data/vectors')
const files: readonly VectorFile[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as VectorFile)

function tagsOf(packet: Uint8Array, map: PublicAddressMap): readonly TagId[] {
  const columns = new PacketColumns(1)
  expect(decodePacket(packet, 0, packet.length, columns, 0)).toBe(0)
  columns.length = 1
  tagColumns(columns, buildAimedAt(map))
  return tagIds(columns.tags[0]!)
}

describe('test vectors', () => {
  test('there is one file for each rule, with packets that have the tag and packets that have not', () => {
    expect(files.map(({ tag }) => tag).sort()).toEqual(TAG_RULES.map(({ id }) => id).sort())
    for (const { vectors } of files) {
      expect(new Set(vectors.map(({ expected }) => expected))).toEqual(new Set(['yes', 'no']))
      expect(new Set(vectors.map(({ what }) => what)).size).toBe(vectors.length)
    }
  })

  for (const { tag, vectors } of files) {
    describe(tag, () => {
      test.each(vectors)('$expected: $what', ({ packet, expected, publicAddresses = [] }) => {
        const bytes = Uint8Array.from(Buffer.from(packet, 'hex'))
        const tags = tagsOf(bytes, publicAddresses)

        expect(tags.includes(tag) ? 'yes' : 'no').toBe(expected)
        expect(tagsOf(bytes.slice(0, keptBytes(bytes, 0, bytes.length)), publicAddresses)).toEqual(tags)
      })
    })
  }
})
