import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { FlatTable } from '../../../core/geo/flat-table.ts'
import { FlatTableBuilder } from '../../../core/geo/flat-table-builder.ts'
import { parseFlatTable, serializeFlatTable } from '../../../core/geo/flat-table-bytes.ts'
import { ipv4, ipv6 } from './addresses.ts'

const UNKNOWN = 7

/** Ranges of one number line, ascending and apart; `scale` spreads the numbers over the address space. */
const sortedRanges = (scale: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: 4095 }), { maxLength: 60 }).map((edges) => {
    const sorted = edges.sort((a, b) => a - b)
    const pairs = sorted.slice(0, sorted.length & ~1)
    return pairs.flatMap((first, i) =>
      i % 2 === 0 ? [{ first: first * scale, last: pairs[i + 1]! * scale - 1, value: first % 5 }] : []
    )
  })

function naive(ranges: readonly { first: number; last: number; value: number }[], address: number): number {
  return ranges.find(({ first, last }) => first <= address && address <= last)?.value ?? UNKNOWN
}

/** A small number as an IPv6 address: its digits in base 16 go to the four words, so that every word matters. */
function spread(number: number): Uint32Array {
  return Uint32Array.of(
    (number >>> 9) << 29,
    ((number >>> 6) & 7) << 29,
    ((number >>> 3) & 7) << 29,
    number & 7
  )
}

describe('flat tables', () => {
  test('IPv4: every address has the value of its range, or unknown', () => {
    const scales = fc.constantFrom(1, 1000, 2 ** 20)
    const property = fc.property(
      scales.chain((scale) => fc.tuple(fc.constant(scale), sortedRanges(scale))),
      (input) => {
        const [scale, ranges] = input
        const builder = new FlatTableBuilder(UNKNOWN)
        for (const { first, last, value } of ranges) expect(builder.add4(first, last, value)).toBe(true)
        const table = builder.build()

        const edges = ranges.flatMap(({ first, last }) => [first - 1, first, last, last + 1])
        for (const address of [...edges.filter((edge) => edge >= 0), 0, 2 ** 32 - 1, 2048 * scale]) {
          expect(table.lookup4(address)).toBe(naive(ranges, address))
        }
      }
    )

    fc.assert(property)
  })

  test('IPv6: every address has the value of its range, or unknown, whatever word tells it from others', () => {
    const property = fc.property(sortedRanges(1), (ranges) => {
      const builder = new FlatTableBuilder(UNKNOWN)
      for (const { first, last, value } of ranges) {
        expect(builder.add6(spread(first), spread(last), value)).toBe(true)
      }
      const table = builder.build()

      const edges = ranges.flatMap(({ first, last }) => [first - 1, first, last, last + 1])
      for (const number of [...edges.filter((edge) => edge >= 0 && edge < 4096), 0, 2048, 4095]) {
        expect(table.lookup6(spread(number), 0)).toBe(naive(ranges, number))
      }
    })

    fc.assert(property)
  })

  test('the last address of each version ends a table', () => {
    const builder = new FlatTableBuilder(UNKNOWN)
    builder.add4(ipv4('255.255.255.0'), ipv4('255.255.255.255'), 1)
    const last = ipv6('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')
    builder.add6(ipv6('ffff::'), last, 2)
    const table = builder.build()

    expect(table.lookup4(ipv4('255.255.255.255'))).toBe(1)
    expect(table.lookup4(ipv4('255.255.254.255'))).toBe(UNKNOWN)
    expect(table.lookup6(last, 0)).toBe(2)
    expect(table.lookup6(ipv6('fffe:ffff::'), 0)).toBe(UNKNOWN)
    expect(table.arrays.starts6).toHaveLength(8)
  })

  test('of ranges that overlap the one that begins later holds to its end', () => {
    const builder = new FlatTableBuilder(UNKNOWN)
    builder.add4(ipv4('214.95.0.0'), ipv4('215.0.255.255'), 749)
    builder.add4(ipv4('215.0.0.0'), ipv4('215.1.3.255'), 721)
    const table = builder.build()

    expect(
      ['214.255.255.255', '215.0.0.0', '215.1.3.255', '215.1.4.0'].map((a) => table.lookup4(ipv4(a)))
    ).toEqual([749, 721, 721, UNKNOWN])
  })

  test('ranges that do not ascend, or end before they begin, are refused', () => {
    const builder = new FlatTableBuilder(UNKNOWN)
    const last = ipv6('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')

    expect(builder.add4(10, 20, 1)).toBe(true)
    expect(builder.add4(10, 30, 1)).toBe(false)
    expect(builder.add4(30, 29, 1)).toBe(false)
    expect(builder.add6(ipv6('::1'), ipv6('::0'), 1)).toBe(false)
    expect(builder.add6(ipv6('fe80::'), last, 1)).toBe(true)
    expect(builder.add6(ipv6('2001::'), last, 1)).toBe(false)
  })
})

function sample(): FlatTable {
  const builder = new FlatTableBuilder(UNKNOWN)
  builder.add4(ipv4('192.0.2.0'), ipv4('192.0.2.255'), 1)
  builder.add6(ipv6('2001:db8::'), ipv6('2001:db8:ffff::'), 2)
  builder.addAlias6(0, 0, 0xffff, 0, 96)
  return builder.build()
}

describe('flat tables as bytes', () => {
  test('a table that was written is the same table when read, in place', () => {
    const bytes = serializeFlatTable(sample())

    const table = parseFlatTable(bytes)

    expect(isDeepStrictEqual(table?.arrays, sample().arrays)).toBe(true)
    expect(table?.arrays.starts4.buffer).toBe(bytes.buffer)
    expect(table?.lookup6(ipv6('::ffff:c000:201'), 0)).toBe(1)
  })

  test('bytes of another version, length or kind are no table', () => {
    const bytes = serializeFlatTable(sample())
    const otherVersion = bytes.slice()
    new Uint32Array(otherVersion.buffer)[1] = 999

    expect(parseFlatTable(otherVersion)).toBeNull()
    expect(parseFlatTable(bytes.subarray(0, bytes.length - 4))).toBeNull()
    expect(parseFlatTable(bytes.subarray(0, bytes.length - 1))).toBeNull()
    expect(parseFlatTable(new Uint8Array(0))).toBeNull()
    expect(parseFlatTable(new Uint8Array(4096))).toBeNull()
  })
})
