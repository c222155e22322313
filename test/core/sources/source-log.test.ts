import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { PackedNumbersError } from '../../../core/packed-numbers.ts'
import { HyperLogLog } from '../../../core/sources/hyperloglog.ts'
import { type Hash64, hash4 } from '../../../core/sources/murmur64a.ts'
import { registersIn, SourceLogWriter, SourceTable } from '../../../core/sources/source-log.ts'
import { decodeSourceNumbers, encodeSourceNumbers } from '../../../core/sources/source-numbers.ts'
import { packRegion } from '../../../core/packets/region-code.ts'
import { tagOfBit } from '../../../core/tags/rules.ts'
import { SECTION } from '../../../core/windows/sections.ts'
import { portCode } from '../../../core/windows/series.ts'
import { addresses4, ALL, countedSources, sourceLog, tcp } from '../../builders/sources.ts'

/** Series with members by number; few series and few numbers, so that they meet. */
const sources = fc.array(
  fc.record({
    kindAndTag: fc.constantFrom(0, 1, 255),
    value: fc.constantFrom(0, 1, 127, 128, 0xffff_ffff),
    members: fc.array(fc.nat(400), { minLength: 1, maxLength: 300 })
  }),
  { maxLength: 8 }
)

type Sources = typeof sources extends fc.Arbitrary<infer T> ? T : never

function logOf(given: Sources): Uint8Array {
  return sourceLog(
    given.map(({ kindAndTag, value, members }) => [
      { kindAndTag, value },
      members.map((member) => addresses4(member, member + 1)[0]!)
    ])
  )
}

/** The same by sketches, one a series. */
function plainCounts(given: Sources): Map<string, number> {
  const hash: Hash64 = { high: 0, low: 0 }
  const sketches = new Map<string, HyperLogLog>()
  for (const { kindAndTag, value, members } of given) {
    const sketch = sketches.get(`${kindAndTag} ${value}`) ?? new HyperLogLog()
    sketches.set(`${kindAndTag} ${value}`, sketch)
    for (const member of members) {
      hash4(0x0a000000 + member, hash)
      sketch.add(hash)
    }
  }
  return new Map([...sketches].map(([key, sketch]) => [key, sketch.count()]))
}

function countsOf(table: SourceTable): Map<string, number> {
  const counts = new Map<string, number>()
  table.forEach((kindAndTag, value, count) => {
    counts.set(`${kindAndTag} ${value}`, count)
  })
  return counts
}

function tableOf(...logs: readonly Uint8Array[]): SourceTable {
  const table = new SourceTable()
  for (const log of logs) table.merge(log)
  return table
}

describe('logs of sources', () => {
  test('count as sketches do, in any order, repeated, joined, and rewritten', () => {
    fc.assert(
      fc.property(sources, sources, (one, other) => {
        const logs = [logOf(one), logOf(other)] as const
        const counts = plainCounts([...one, ...other])
        const joined = new Uint8Array([...logs[0], ...logs[1]])

        expect(countsOf(tableOf(...logs))).toEqual(counts)
        expect(countsOf(tableOf(logs[1], logs[0], logs[1]))).toEqual(counts)
        expect(countsOf(tableOf(joined))).toEqual(counts)
        const rewritten = tableOf(joined).toLog()
        expect(countsOf(tableOf(rewritten))).toEqual(counts)
        expect(rewritten.length).toBeLessThanOrEqual(joined.length)
      }),
      { numRuns: 60 }
    )
  })

  test('with many sources are as long as a sketch, and hold the same', () => {
    const log = sourceLog([
      [ALL, addresses4(0, 200_000)],
      [tcp(23), addresses4(0, 3)]
    ])
    const table = tableOf(log)
    const rewritten = table.toLog()

    expect(rewritten.length).toBeLessThan(12_288 + 50)
    expect(countsOf(tableOf(rewritten))).toEqual(countsOf(table))
    expect(countsOf(tableOf(sourceLog([[ALL, addresses4(0, 50)]]), rewritten))).toEqual(countsOf(table))
    expect(Math.abs(countsOf(table).get('0 0')! / 200_000 - 1)).toBeLessThan(0.0243)
    expect(table.size).toBe(2)
    expect([registersIn(log), registersIn(rewritten)]).toEqual([200_003, 16_387])
  })

  test('of few series are one however often they come, with the highest rank of each register', () => {
    const parts = Array.from({ length: 300 }, (_, i) =>
      sourceLog([
        [ALL, addresses4(i * 40, i * 40 + 60)],
        [tcp(i % 7), addresses4(i, i + 9)]
      ])
    )
    const whole = sourceLog([
      [ALL, addresses4(0, 299 * 40 + 60)],
      ...Array.from({ length: 7 }, (_, port) => {
        const from = Array.from({ length: 300 }, (_, i) => i).filter((i) => i % 7 === port)
        return [tcp(port), from.flatMap((i) => addresses4(i, i + 9))] as const
      })
    ])

    expect(countsOf(tableOf(...parts, ...parts))).toEqual(countsOf(tableOf(whole)))
    expect(tableOf(...parts).toLog().length).toBe(tableOf(whole).toLog().length)
  })

  test('of ports and regions count by the series that their cells belong to', () => {
    const writer = new SourceLogWriter()
    const [one, two, three] = addresses4(0, 3)
    const cell = (section: number, word: number, value: number, ...registers: (number | undefined)[]) => {
      writer.startSection(section, word, 1)
      writer.startCell(value, registers.length)
      for (const register of registers) writer.add(register!)
    }
    cell(SECTION.port, 0b01, portCode(6, 23), one, two)
    cell(SECTION.port, 0b11, portCode(6, 23), two, three)
    cell(SECTION.port, 0b10, portCode(6, 80), one)
    cell(SECTION.region, 0b11, packRegion('JP'), three)
    cell(SECTION.asn, 0, 4766, three)

    expect(Object.fromEntries(countedSources(writer.finish()))).toEqual({
      all: 3,
      'port=23/TCP': 3,
      'port=80/TCP': 1,
      [`tag=${tagOfBit(0)}`]: 3,
      [`tag=${tagOfBit(1)}`]: 3,
      [`port=23/TCP,tag=${tagOfBit(0)}`]: 3,
      [`port=23/TCP,tag=${tagOfBit(1)}`]: 2,
      [`port=80/TCP,tag=${tagOfBit(1)}`]: 1,
      'region=JP': 1,
      [`region=JP,tag=${tagOfBit(0)}`]: 1,
      [`region=JP,tag=${tagOfBit(1)}`]: 1,
      'asn=4766': 1
    })
  })

  test('that are cut or changed are an error, or other sources, and never something else', () => {
    const whole = sourceLog([
      [ALL, addresses4(0, 5)],
      [tcp(80), addresses4(0, 300)]
    ])
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (length, at, byte) => {
        const bytes = whole.slice()
        bytes[at] = byte
        for (const damaged of [bytes, whole.slice(0, length)]) {
          try {
            tableOf(damaged)
          } catch (error) {
            expect(error).toBeInstanceOf(PackedNumbersError)
          }
        }
      }),
      { numRuns: 500 }
    )
    expect(() => tableOf(whole.slice(0, -1))).toThrow(PackedNumbersError)
  })

  test('of a cell that gets all its ranks count each register once, whatever was put in order before', () => {
    const few = sourceLog([[ALL, addresses4(0, 300)]])
    const dense = tableOf(sourceLog([[ALL, addresses4(200, 60_000)]])).toLog()
    const table = tableOf(few)
    const before = countsOf(table)
    table.merge(dense)

    expect(countsOf(tableOf(few, dense))).not.toEqual(before)
    expect(countsOf(table)).toEqual(countsOf(tableOf(few, dense)))
    expect(countsOf(tableOf(table.toLog()))).toEqual(countsOf(tableOf(dense, few)))
  })

  test('a writer begins anew after each log', () => {
    const writer = new SourceLogWriter()
    const write = () => {
      writer.startSection(SECTION.port, 1, 1)
      writer.startCell(7, 1)
      writer.add(5)
    }
    write()
    const first = writer.finish()
    write()

    expect(writer.finish()).toEqual(first)
    expect(writer.finish().length).toBe(0)
  })
})

describe('numbers of sources', () => {
  test('are those of the table', () => {
    fc.assert(
      fc.property(sources, (given) => {
        const table = tableOf(logOf(given))
        const numbers = new Map<string, number>()

        decodeSourceNumbers(encodeSourceNumbers(table), (kindAndTag, value, count) =>
          numbers.set(`${kindAndTag} ${value}`, count)
        )

        expect(numbers).toEqual(countsOf(table))
      }),
      { numRuns: 60 }
    )
  })

  test('that are cut are an error', () => {
    const bytes = encodeSourceNumbers(tableOf(sourceLog([[tcp(80), addresses4(0, 300)]])))

    expect(() => decodeSourceNumbers(bytes.slice(0, -1), () => undefined)).toThrow(PackedNumbersError)
  })
})
