import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { SourcePart } from '../../../core/store/count-store.ts'
import { SourceAccumulator } from '../../../core/windows/source-accumulator.ts'
import { enrichedBatch } from '../../builders/batches.ts'
import { countedSources } from '../../builders/sources.ts'

const packet = fc
  .record({
    seconds: fc.integer({ min: 1_655_000_000, max: 1_655_100_000 }),
    src: fc.constantFrom(1, 2, 0xffff_ffff),
    dstPort: fc.constantFrom(23, 80),
    tags: fc.constantFrom(0, 1, 3)
  })
  .map((fields) => ({ ...fields, region: fields.src === 1 ? 'JP' : 'KR' }))

/** Unique sources by quarter, vantages and series. */
function counted(parts: readonly SourcePart[]): Map<string, Map<string, number>> {
  const logs = new Map<string, Uint8Array[]>()
  for (const { quarterSeconds, vantages, log } of parts) {
    const key = `${quarterSeconds}|${vantages.join()}`
    logs.set(key, [...(logs.get(key) ?? []), log])
  }
  return new Map([...logs].map(([key, own]) => [key, countedSources(...own)]))
}

test('over flushes every (quarter, series) is given every source that it has', () => {
  fc.assert(
    fc.property(fc.array(fc.array(packet, { maxLength: 30 }), { maxLength: 5 }), (batches) => {
      const flushed = new SourceAccumulator(256)
      const given: SourcePart[] = []
      for (const packets of batches) {
        flushed.add(enrichedBatch(packets))
        given.push(...flushed.take())
      }
      const forgetful: SourcePart[] = []
      for (const each of batches.flat()) {
        const fresh = new SourceAccumulator(256)
        fresh.add(enrichedBatch([each]))
        forgetful.push(...fresh.take())
      }

      expect(counted(given)).toEqual(counted(forgetful))
    }),
    { numRuns: 60 }
  )
})

test('a source that was given is not given again in its quarter, until everything is forgotten', () => {
  const accumulator = new SourceAccumulator(256)
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
  expect(counted(third)).toEqual(counted(first))
})

test('a source that newer geo data put elsewhere is given for its new region too', () => {
  const accumulator = new SourceAccumulator(256)
  const seconds = 1_655_000_000
  accumulator.add(enrichedBatch([{ seconds, region: 'JP' }]))
  const newer = { geo: [{ name: 'country.mmdb', built: '2022-06-12' }], rules: '1', sensors: 'none' }
  accumulator.add(enrichedBatch([{ seconds, region: 'KR' }], { provenance: newer }))

  const series = accumulator.take().flatMap(({ log }) => [...countedSources(log).keys()])

  expect(series).toContain('region=JP')
  expect(series).toContain('region=KR')
})

test('an IPv6 source is not taken for the IPv4 source that has the same first word', () => {
  const accumulator = new SourceAccumulator(256)
  const seconds = 1_655_000_000
  accumulator.add(
    enrichedBatch([
      { seconds, src: 9 },
      { seconds, src: 9, ipVersion: 6 }
    ])
  )

  expect(countedSources(...accumulator.take().map(({ log }) => log)).get('all')).toBe(2)
})
