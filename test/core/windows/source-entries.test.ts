import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { SourceEntries } from '../../../core/windows/source-entries.ts'
import { SECTION } from '../../../core/windows/sections.ts'
import { seriesName } from '../../../core/windows/series.ts'
import { addresses4, addresses6, countedSources, sourceLog } from '../../builders/sources.ts'

const source = fc.record({
  number: fc.nat(30),
  isIpv6: fc.boolean(),
  series: fc.array(fc.tuple(fc.nat(2), fc.constantFrom(3, 6), fc.nat(3)), { minLength: 1, maxLength: 12 })
})

function wordsOf(number: number, isIpv6: boolean): Uint32Array {
  return Uint32Array.of(7, isIpv6 ? 0xfd000000 + number : 0x0a000000 + number, 0, 0, 0)
}

function registerOf(number: number, isIpv6: boolean): number {
  return (isIpv6 ? addresses6(number, number + 1) : addresses4(number, number + 1))[0]!
}

test('every series has the registers of its sources, and nothing is given twice', () => {
  const entries = new SourceEntries()
  fc.assert(
    fc.property(fc.array(source, { maxLength: 40 }), (sources) => {
      const plain = new Map<number, Uint8Array[]>()
      for (const { number, isIpv6, series } of sources) {
        entries.startSource(wordsOf(number, isIpv6), 1, isIpv6 ? 6 : 4)
        for (const [when, kindAndTag, value] of series) {
          entries.add(when, SECTION.series, kindAndTag, value)
          const log = sourceLog([[{ kindAndTag, value }, [registerOf(number, isIpv6)]]])
          plain.set(when, [...(plain.get(when) ?? []), log])
        }
      }

      const taken = entries.take()

      expect(new Set(taken.keys())).toEqual(new Set(plain.keys()))
      for (const [when, log] of taken)
        expect(countedSources(log)).toEqual(countedSources(...plain.get(when)!))
      expect(entries.take().size).toBe(0)
    })
  )
})

test('it holds more sources and series than it has room for at first', () => {
  const entries = new SourceEntries()
  for (let n = 0; n < 20_000; n++) {
    entries.startSource(Uint32Array.of(0x0a000000 + n, 0, 0, 0), 0, 4)
    entries.add(1, SECTION.series, 0, 0)
    entries.add(1, SECTION.series, 3, n)
  }

  const sources = countedSources(entries.take().get(1)!)

  expect(Math.abs(sources.get('all')! / 20_000 - 1)).toBeLessThan(0.03)
  expect(sources.size).toBe(20_001)
  expect(sources.get(seriesName(3, 19_999))).toBe(1)
})

test('what was entered is forgotten by clear', () => {
  const entries = new SourceEntries()
  entries.startSource(Uint32Array.of(1, 0, 0, 0), 0, 4)
  entries.add(1, SECTION.series, 0, 0)
  entries.clear()

  expect(entries.take().size).toBe(0)
})
