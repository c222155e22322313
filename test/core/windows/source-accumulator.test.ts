import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { SourceCell } from '../../../core/store/count-store.ts'
import { SourceAccumulator } from '../../../core/windows/source-accumulator.ts'
import { enrichedBatch } from '../../builders/batches.ts'

const packet = fc
  .record({
    seconds: fc.integer({ min: 1_655_000_000, max: 1_655_100_000 }),
    src: fc.constantFrom(1, 2, 0xffff_ffff),
    dstPort: fc.constantFrom(23, 80),
    tags: fc.constantFrom(0, 1, 3)
  })
  .map((fields) => ({ ...fields, region: fields.src === 1 ? 'JP' : 'KR' }))

function members(cells: readonly SourceCell[]): Map<string, Set<string>> {
  const sets = new Map<string, Set<string>>()
  for (const { window, series, ipVersion, words } of cells) {
    const key = `${window.size}|${window.startSeconds}|${window.vantage}|${series}`
    const set = sets.get(key) ?? new Set()
    const width = ipVersion === 4 ? 1 : 4
    for (let at = 0; at < words.length; at += width) set.add(words.slice(at, at + width).join('.'))
    sets.set(key, set)
  }
  return sets
}

test('over flushes every (window, series) is given every source that it has', () => {
  fc.assert(
    fc.property(fc.array(fc.array(packet, { maxLength: 30 }), { maxLength: 5 }), (batches) => {
      const flushed = new SourceAccumulator(['UTC'], 256)
      const given: SourceCell[] = []
      for (const packets of batches) {
        flushed.add(enrichedBatch(packets))
        given.push(...flushed.take())
      }
      const forgetful: SourceCell[] = []
      for (const each of batches.flat()) {
        const fresh = new SourceAccumulator(['UTC'], 256)
        fresh.add(enrichedBatch([each]))
        forgetful.push(...fresh.take())
      }

      expect(members(given)).toEqual(members(forgetful))
    }),
    { numRuns: 60 }
  )
})

test('a source that was given is not given again in its hour, until everything is forgotten', () => {
  const accumulator = new SourceAccumulator(['UTC'], 256)
  const batch = enrichedBatch([{ seconds: 1_655_000_000, dstPort: 23 }])
  accumulator.add(batch)
  const first = accumulator.take()

  accumulator.add(batch)
  const second = accumulator.take()
  accumulator.forgetSent()
  accumulator.add(batch)
  const third = accumulator.take()

  expect(first.length).toBeGreaterThan(0)
  expect(second).toEqual([])
  expect(members(third)).toEqual(members(first))
})

test('a source that newer geo data put elsewhere is given for its new region too', () => {
  const accumulator = new SourceAccumulator(['UTC'], 256)
  const seconds = 1_655_000_000
  accumulator.add(enrichedBatch([{ seconds, region: 'JP' }]))
  const newer = { geo: [{ name: 'country.mmdb', built: '2022-06-12' }], rules: '1', sensors: 'none' }
  accumulator.add(enrichedBatch([{ seconds, region: 'KR' }], { provenance: newer }))

  const series = accumulator.take().map((cell) => cell.series)

  expect(series).toContain('region=JP')
  expect(series).toContain('region=KR')
})

test('an IPv6 source is not taken for the IPv4 source that has the same first word', () => {
  const accumulator = new SourceAccumulator(['UTC'], 256)
  const seconds = 1_655_000_000
  accumulator.add(
    enrichedBatch([
      { seconds, src: 9 },
      { seconds, src: 9, ipVersion: 6 }
    ])
  )

  const all = accumulator.take().filter(({ series, window }) => series === 'all' && window.size === 'hour')

  expect(all.map(({ ipVersion, words }) => [ipVersion, [...words]])).toEqual([
    [4, [9]],
    [6, [9, 0, 0, 0]]
  ])
})
