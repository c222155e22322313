import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { PackedNumbersError } from '../../../core/packed-numbers.ts'
import { CountTable } from '../../../core/windows/count-table.ts'
import { SECTION } from '../../../core/windows/sections.ts'
import { packRegion } from '../../../core/packets/region-code.ts'
import { tagOfBit } from '../../../core/tags/rules.ts'
import { namedSeries } from '../../../core/windows/series.ts'

const cell = fc.record({
  section: fc.constantFrom(...Object.values(SECTION)),
  word: fc.constantFrom(0, 1, 5, 0x8000_0000, 0xffff_ffff),
  value: fc.oneof(fc.nat(3), fc.constantFrom(127, 128, 0xffff_ffff), fc.nat(0xffff_ffff)),
  packets: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(2 ** 31, 2 ** 40, 2 ** 50))
})
const cells = fc.array(cell, { maxLength: 200 })

type Cells = typeof cells extends fc.Arbitrary<infer T> ? T : never

function tableOf(given: Cells): CountTable {
  const table = new CountTable()
  for (const { section, word, value, packets } of given) table.add(section, word, value, packets)
  return table
}

function merged(...logs: readonly Uint8Array[]): CountTable {
  const table = new CountTable()
  for (const log of logs) table.merge(log)
  return table
}

describe('a count table', () => {
  test('its log holds every cell, and logs behind each other add up', () => {
    fc.assert(
      fc.property(cells, cells, (one, other) => {
        const both = tableOf([...one, ...other])
        const logs = [tableOf(one).toLog(), tableOf(other).toLog()]

        expect(merged(...logs).toLog()).toEqual(both.toLog())
        expect(merged(Buffer.concat(logs)).toLog()).toEqual(both.toLog())
        expect(merged(both.toLog()).size).toBe(both.size)
      })
    )
  })

  test('a log that is cut or changed is read to its end or refused', () => {
    fc.assert(
      fc.property(cells, fc.nat(), fc.nat(255), (given, at, to) => {
        const log = tableOf(given).toLog()
        if (log.length === 0) return
        const changed = log.slice()
        changed[at % log.length] = to
        for (const bytes of [log.subarray(0, at % log.length), changed]) {
          try {
            merged(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(PackedNumbersError)
          }
        }
      })
    )
    expect(() => merged(Uint8Array.of(0, 1, 1, 5))).toThrow(PackedNumbersError)
  })

  test('series are sums of cells: a packet of two tags is one of each, and once one of all', () => {
    const table = new CountTable()
    const tags = 0b11
    table.add(SECTION.port, tags, (6 << 17) | 23, 5)
    table.add(SECTION.port, 1, (6 << 17) | 23, 2)
    table.add(SECTION.region, tags, packRegion('JP'), 5)
    table.add(SECTION.asn, 0, 4766, 7)
    table.add(SECTION.series, 0, 0, 1)

    const series = namedSeries(table.series())

    expect(series.get('all')).toBe(8)
    expect(series.get('port=23/TCP')).toBe(7)
    expect(series.get('asn=4766')).toBe(7)
    const ofTags = (dimension: string) => [0, 1].map((bit) => series.get(`${dimension}tag=${tagOfBit(bit)}`))
    expect(ofTags('')).toEqual([7, 5])
    expect(ofTags('port=23/TCP,')).toEqual([7, 5])
    expect(ofTags('region=JP,')).toEqual([5, 5])
  })

  test('a cleared table is empty', () => {
    const table = tableOf([{ section: 0, word: 1, value: 2, packets: 3 }])
    table.clear()

    expect([table.size, table.toLog().length]).toEqual([0, 0])
  })
})
