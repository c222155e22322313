import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { MemoryStore } from '../../../adapters/memory-store.ts'
import type { EnrichedBatch } from '../../../core/batch/enriched-batch.ts'
import { Accumulator } from '../../../core/windows/accumulator.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'
import type { SourcePart } from '../../../core/store/count-store.ts'
import { enrichedBatch, type PacketFields } from '../../builders/batches.ts'
import { countedSources } from '../../builders/sources.ts'

const packet = fc.record({
  seconds: fc.integer({ min: 1_655_000_000, max: 1_655_300_000 }),
  protocol: fc.constantFrom(6, 17, 1, 47),
  dstPort: fc.constantFrom(-1, 0, 23, 2323, 65535),
  region: fc.constantFrom('JP', 'KR', 'ZZ'),
  asn: fc.constantFrom(0, 4766, 4_200_000_000),
  tags: fc.integer({ min: 0, max: 2 ** TAG_RULES.length - 1 })
})

function portKey({ protocol, dstPort }: Required<Pick<PacketFields, 'protocol' | 'dstPort'>>): string {
  if (protocol === 1) return 'ICMP'
  const name = protocol === 6 ? 'TCP' : protocol === 17 ? 'UDP' : null
  if (name === null) return `${protocol}/IP`
  return dstPort === -1 ? name : `${dstPort}/${name}`
}

/** Counts packet by packet, with text keys: slow and plain. */
function recount(
  packets: readonly Required<Omit<PacketFields, 'src' | 'ipVersion'>>[],
  vantages: readonly string[]
): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const each of packets) {
    const day = 86_400
    const tokyo = 9 * 3600
    const windows = [
      ['minute', 'UTC', each.seconds - (each.seconds % 60)],
      ['hour', 'UTC', each.seconds - (each.seconds % 3600)],
      ['day', 'UTC', each.seconds - (each.seconds % day)],
      ['day', 'Asia/Tokyo', each.seconds - ((each.seconds + tokyo) % day)]
    ]
    const ids: string[] = TAG_RULES.filter((_, bit) => (each.tags & (1 << bit)) !== 0).map(({ id }) => id)
    if (ids.length === 0) ids.push('')
    const port = `port=${portKey(each)}`
    const region = `region=${each.region}`
    const series = ['all', port, region, `asn=${each.asn}`]
    for (const id of ids) series.push(`tag=${id}`, `${port},tag=${id}`, `${region},tag=${id}`)
    for (const window of windows) {
      for (const vantage of vantages) for (const name of series) add([...window, vantage, name].join('|'))
    }
  }
  return counts
}

/** What a store has after these batches, one flush each or all in one. */
async function storeOf(flushes: readonly (readonly EnrichedBatch[])[]): Promise<MemoryStore> {
  const accumulator = new Accumulator()
  const store = new MemoryStore({ dayZones: ['Asia/Tokyo'] })
  for (const batches of flushes) {
    for (const batch of batches) accumulator.add(batch)
    await store.applySlot({ slot: 0, spans: [], batches: [], known: [], ...accumulator.take() })
  }
  return store
}

test('every series of every window is what a packet-by-packet recount gives, over several flushes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(packet, { maxLength: 40 }), { maxLength: 4 }),
      fc.boolean(),
      async (batches, isOneFlush) => {
        const enriched = batches.map((packets) => enrichedBatch(packets, { vantages: ['JP', 'all'] }))
        const store = await storeOf(isOneFlush ? [enriched] : enriched.map((batch) => [batch]))

        const found = new Map<string, number>()
        for (const [size, zone] of [
          ['minute', 'UTC'],
          ['hour', 'UTC'],
          ['day', 'UTC'],
          ['day', 'Asia/Tokyo']
        ] as const) {
          for (const vantage of await store.vantages()) {
            for (const startSeconds of await store.windows(size, zone, vantage)) {
              const packets = await store.packets({ size, zone, startSeconds, vantage })
              for (const [name, count] of packets)
                found.set([size, zone, startSeconds, vantage, name].join('|'), count)
            }
          }
        }
        expect(found).toEqual(recount(batches.flat(), ['JP', 'all']))
      }
    ),
    { numRuns: 60 }
  )
})

test('a part is a minute of one sensor, and says how many packets it has', () => {
  const accumulator = new Accumulator()
  const seconds = 1_655_000_040
  for (const sensor of ['one', 'two', 'two']) {
    const name = { sensor, epoch: 'ab', lane: 0, number: 1 }
    accumulator.add(enrichedBatch([{ seconds }, { seconds: seconds + 60 }, { seconds }], { name }))
  }

  const found = accumulator.take().counts.map(({ log: _log, ...part }) => part)

  const vantages = ['all']
  expect(found).toEqual([
    { minuteSeconds: seconds, sensor: 'one', vantages, packets: 2 },
    { minuteSeconds: seconds + 60, sensor: 'one', vantages, packets: 1 },
    { minuteSeconds: seconds, sensor: 'two', vantages, packets: 4 },
    { minuteSeconds: seconds + 60, sensor: 'two', vantages, packets: 2 }
  ])
})

test('what was taken is not given again, nor what was forgotten', () => {
  const accumulator = new Accumulator()
  accumulator.add(enrichedBatch([{ seconds: 1_655_000_000 }]))
  accumulator.take()

  expect(accumulator.take()).toEqual({ counts: [], sources: [] })
  accumulator.add(enrichedBatch([{ seconds: 1_655_000_000 }]))
  accumulator.forget()
  expect(accumulator.take()).toEqual({ counts: [], sources: [] })
})

test('a day that began before 1970 keeps its start', async () => {
  const store = await storeOf([[enrichedBatch([{ seconds: 10 }])]])

  expect(await store.windows('day', 'Asia/Tokyo', 'all')).toEqual([-9 * 3600])
})

const sourcePacket = fc
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
    fc.property(fc.array(fc.array(sourcePacket, { maxLength: 30 }), { maxLength: 5 }), (batches) => {
      const flushed = new Accumulator()
      const given: SourcePart[] = []
      for (const packets of batches) {
        flushed.add(enrichedBatch(packets))
        given.push(...flushed.take().sources)
      }
      const forgetful: SourcePart[] = []
      for (const each of batches.flat()) {
        const fresh = new Accumulator()
        fresh.add(enrichedBatch([each]))
        forgetful.push(...fresh.take().sources)
      }

      expect(counted(given)).toEqual(counted(forgetful))
    }),
    { numRuns: 60 }
  )
})

test('a source that was given is not given again in its quarter, until everything is forgotten', () => {
  const accumulator = new Accumulator()
  const batch = enrichedBatch([{ seconds: 1_655_000_000, dstPort: 23 }])
  accumulator.add(batch)
  const first = accumulator.take().sources

  accumulator.add(batch)
  const second = accumulator.take().sources
  accumulator.forget()
  accumulator.add(batch)
  const third = accumulator.take().sources

  expect(first.length).toBeGreaterThan(0)
  expect(second).toEqual([])
  expect(counted(third)).toEqual(counted(first))
})

test('a source that newer geo data put elsewhere is given for its new region too', () => {
  const accumulator = new Accumulator()
  const seconds = 1_655_000_000
  accumulator.add(enrichedBatch([{ seconds, region: 'JP' }]))
  const newer = { geo: [{ name: 'country.mmdb', built: '2022-06-12' }], rules: '1', sensors: 'none' }
  accumulator.add(enrichedBatch([{ seconds, region: 'KR' }], { provenance: newer }))

  const series = accumulator.take().sources.flatMap(({ log }) => [...countedSources(log).keys()])

  expect(series).toContain('region=JP')
  expect(series).toContain('region=KR')
})

test('an IPv6 source is not taken for the IPv4 source that has the same first word', () => {
  const accumulator = new Accumulator()
  const seconds = 1_655_000_000
  accumulator.add(
    enrichedBatch([
      { seconds, src: 9 },
      { seconds, src: 9, ipVersion: 6 }
    ])
  )

  expect(countedSources(...accumulator.take().sources.map(({ log }) => log)).get('all')).toBe(2)
})
