// A FlatTable as one run of bytes, so that a cached table is used where it was read, without a copy. Words of
// 32 bits in the machine's byte order (the magic tells a foreign one):
//   magic, version, unknown, IPv4 ranges, IPv6 ranges, aliases, 0, 0,
//   starts4, values4, index4, starts6 (4 words each), values6, index6, aliases6 (5 words each)
import { ALIAS_WORDS, FlatTable, INDEX_ENTRIES } from './flat-table.ts'

const MAGIC = 0x53505446
const HEADER_WORDS = 8

/** Changes when the layout of the bytes does, or what the builders put into them. */
export const FLAT_TABLE_VERSION = 1

/** The table as bytes for parseFlatTable on a machine of the same byte order. */
export function serializeFlatTable(table: FlatTable): Uint8Array {
  const { unknown, starts4, values4, index4, starts6, values6, index6, aliases6 } = table.arrays
  const parts = [starts4, values4, index4, starts6, values6, index6, aliases6]
  const words = new Uint32Array(HEADER_WORDS + parts.reduce((sum, part) => sum + part.length, 0))
  const aliases = aliases6.length / ALIAS_WORDS
  words.set([MAGIC, FLAT_TABLE_VERSION, unknown, values4.length, values6.length, aliases])
  let at = HEADER_WORDS
  for (const part of parts) {
    words.set(part, at)
    at += part.length
  }
  return new Uint8Array(words.buffer)
}

/**
 * The table that views `bytes` (which must then stay as they are), or null where they are no such table.
 * `bytes` must start at a multiple of 4 in its buffer. Contents are not checked: a checksum is the caller's.
 */
export function parseFlatTable(bytes: Uint8Array): FlatTable | null {
  if (bytes.byteLength % 4 !== 0 || bytes.byteLength < HEADER_WORDS * 4) return null
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  const [magic, version, unknown, ranges4, ranges6, aliases] = words as unknown as FixedHeader
  if (magic !== MAGIC || version !== FLAT_TABLE_VERSION) return null
  const body = 2 * ranges4 + 5 * ranges6 + 2 * INDEX_ENTRIES + ALIAS_WORDS * aliases
  if (words.length !== HEADER_WORDS + body || ranges4 === 0 || ranges6 === 0) return null
  let at = HEADER_WORDS
  const take = (length: number) => {
    at += length
    return words.subarray(at - length, at)
  }
  return new FlatTable({
    unknown,
    starts4: take(ranges4),
    values4: take(ranges4),
    index4: take(INDEX_ENTRIES),
    starts6: take(ranges6 * 4),
    values6: take(ranges6),
    index6: take(INDEX_ENTRIES),
    aliases6: take(aliases * ALIAS_WORDS)
  })
}

type FixedHeader = readonly [number, number, number, number, number, number]
