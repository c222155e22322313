import { expect, test } from '@jest/globals'
import { CountAccumulator } from '../../../core/windows/count-accumulator.ts'
import { SERIES_KIND, seriesName } from '../../../core/windows/series.ts'
import { SeriesNames } from '../../../core/windows/series-names.ts'
import { enrichedBatch } from '../../builders/batches.ts'

const SERIES = Array.from({ length: 5000 }, (_, i): [number, number] => [SERIES_KIND.asn, 0xffff_ffff - i])

test('every series keeps the number that it was first given, and its name', () => {
  const names = new SeriesNames()
  const first = SERIES.map(([kind, value]) => names.number(kind, value))
  const again = SERIES.map(([kind, value]) => names.number(kind, value))

  expect(again).toEqual(first)
  expect(new Set(first).size).toBe(SERIES.length)
  expect(first.map((number) => names.name(number))).toEqual(
    SERIES.map(([kind, value]) => seriesName(kind, value))
  )
})

test('what is named is right after too much was forgotten', () => {
  const names = new SeriesNames(2)
  const small = new CountAccumulator(['UTC'], names)
  for (const dstPort of [22, 23, 80, 23]) {
    const batch = enrichedBatch([{ dstPort, asn: dstPort + 1, tags: 1 }])
    const fresh = new CountAccumulator(['UTC'])
    small.add(batch)
    fresh.add(batch)

    expect(small.take()).toEqual(fresh.take())
  }
})
