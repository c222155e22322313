// apply-slot.lua against its model in TypeScript: random flushes, retries, zombies and replays from lower offsets.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { MemoryStore } from '../../../adapters/memory-store.ts'
import { applyArguments } from '../../../adapters/redis/apply-arguments.ts'
import { outcomeOf } from '../../../adapters/redis/replies.ts'
import { readLedger } from '../../../adapters/redis/read-ledger.ts'
import { readCounts } from '../../../adapters/redis/read-counts.ts'
import { readSources } from '../../../adapters/redis/read-sources.ts'
import { runScript } from '../../../adapters/redis/scripts.ts'
import { laneKey } from '../../../core/batch/name.ts'
import { FenceSlot } from '../../../core/fence/fence-slot.ts'
import { DIGESTS_KEPT } from '../../../core/fence/lane.ts'
import { joinLedgers } from '../../../core/store/ledger.ts'
import type { SlotRequest } from '../../../core/store/count-store.ts'
import { CountTable } from '../../../core/windows/count-table.ts'
import { namedSeries } from '../../../core/windows/series.ts'
import { countPart } from '../../builders/counts.ts'
import { addresses4, ALL, sourceLog } from '../../builders/sources.ts'
import { span, window } from '../count-store-suite.ts'
import { SlotBench } from './slot-state.ts'

const SERIES = ['all', 'port=23/TCP', 'region=JP,tag=mirai']

const name = fc.record({
  sensor: fc.constantFrom('a', 'b'),
  epoch: fc.constantFrom('e1', 'e2'),
  lane: fc.nat(1),
  // Close together, and again a ring of digests further on.
  number: fc.oneof(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: DIGESTS_KEPT + 1, max: DIGESTS_KEPT + 4 })
  )
})

const declaredLoss = fc
  .record({
    epoch: fc.constantFrom('e1', 'e2'),
    lane: fc.nat(1),
    kind: fc.constantFrom('epoch-end' as const, 'spool-drop' as const, 'spool-drop' as const),
    from: fc.integer({ min: 1, max: 9 }),
    length: fc.nat(3),
    frames: fc.nat(40)
  })
  .map(({ length, ...loss }) => ({ ...loss, to: loss.kind === 'epoch-end' ? 0 : loss.from + length }))

const fencedBatch = fc.record({
  name,
  digest: fc.constantFrom('d1', 'd1', 'd2'),
  countedPackets: fc.nat(3),
  rejectedFrames: fc.array(fc.record({ reason: fc.constantFrom('not-ip', 'clock'), frames: fc.nat(2) }), {
    maxLength: 2
  }),
  framesBefore: fc.nat(30),
  closedAtMs: fc.nat(9).map((seconds) => seconds * 1000 + 7),
  kernelDrops: fc.nat(5),
  declaredLosses: fc.array(declaredLoss, { maxLength: 2 }),
  observedFromMs: fc.option(fc.nat(9).map((seconds) => seconds * 1000)),
  watermarkSeconds: fc.nat(50)
})

const offsetSpan = fc.tuple(fc.nat(6), fc.nat(4)).map(([from, length]) => ({ from, to: from + length }))

const minute = fc
  .record({
    start: fc.constantFrom(60, 120),
    sensor: fc.constantFrom('a', 'b'),
    vantages: fc.constantFrom(['all'], ['all', 'JP']),
    series: fc.constantFrom(...SERIES),
    packets: fc.integer({ min: 1, max: 2 ** 40 })
  })
  .map(({ start, sensor, vantages, series, packets }) =>
    countPart(start, sensor, { [series]: packets }, vantages)
  )

const part = fc.record({
  quarterSeconds: fc.constantFrom(0, 900),
  vantages: fc.constantFrom(['all'], ['all', 'JP']),
  log: fc.constantFrom(...[0, 3, 5].map((from) => sourceLog([[ALL, addresses4(from, from + 4)]])))
})

const flush = fc
  .record({
    spans: fc.tuple(fc.option(offsetSpan), fc.option(offsetSpan)),
    batches: fc.array(fencedBatch, { maxLength: 4 }),
    counts: fc.array(minute, { maxLength: 5 }),
    sources: fc.array(part, { maxLength: 3 }),
    known: fc.array(name, { maxLength: 1 })
  })
  .map(({ spans, batches, counts, sources, known }): SlotRequest => {
    const given = spans.flatMap((one, partition) => (one === null ? [] : [span(one.from, one.to, partition)]))
    const rest = { counts, sources }
    return { slot: 0, spans: given, batches, known: given.length > 0 ? known : [], ...rest }
  })

/** A flush, or an earlier one again: a retry, or a zombie that wakes up. */
const step = fc.oneof(
  { weight: 3, arbitrary: flush },
  { weight: 1, arbitrary: fc.nat(20).map((again) => ({ again })) }
)

let bench: SlotBench

beforeAll(async () => {
  bench = await SlotBench.open()
})

afterAll(async () => {
  await bench.close()
})

test('the script answers and stores what the model says, whatever the flushes, retries and zombies', async () => {
  const kinds = new Set<string>()
  const compare = async (steps: readonly (SlotRequest | { readonly again: number })[]): Promise<void> => {
    await bench.clear()
    const model = new FenceSlot()
    const memory = new MemoryStore()
    const requests: SlotRequest[] = []
    for (const step of steps) {
      const request = 'again' in step ? requests[step.again % Math.max(1, requests.length)] : step
      if (request === undefined) continue
      requests.push(request)
      const { keys, args } = applyArguments(request, bench.keys, null, 0)
      const answer = await runScript(bench.redis, 'apply-slot', keys, args)
      const outcome = outcomeOf(answer as (string | number)[], request)

      const refusal = model.check(request.spans, request.batches, request.known)
      if (refusal === null) model.commit(request.spans, request.batches)
      expect(outcome).toEqual(refusal ?? { kind: 'applied', expiredPackets: {} })
      expect(await memory.applySlot(request)).toEqual(outcome)
      kinds.add(outcome.kind)
    }
    await expectSameState(model, memory, requests)
  }

  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), compare), { numRuns: 150 })
  expect([...kinds].sort()).toEqual(['applied', 'behind', 'seen'])
})

async function expectSameState(
  model: FenceSlot,
  memory: MemoryStore,
  requests: readonly SlotRequest[]
): Promise<void> {
  const { redis, keys } = bench
  const offsets = await redis.hgetall(keys.offsets)
  for (const partition of [0, 1]) {
    expect(Number(offsets[`packets.enriched|${partition}`] ?? 0)).toBe(
      model.offset('packets.enriched', partition)
    )
  }
  for (const { name } of requests.flatMap(({ batches }) => batches)) {
    const lane = await redis.hgetall(keys.lane(laneKey(name)))
    expect(lane.ranges ?? '').toBe(model.seenNumbers(name))
  }
  const watermarks = Object.entries(await redis.hgetall(keys.watermarks))
  expect(new Map(watermarks.map(([sensor, seconds]) => [sensor, Number(seconds)]))).toEqual(
    model.watermarks()
  )
  const ledger = joinLedgers([await readLedger(redis, keys)])
  expect(ledger).toEqual(await memory.ledger())
  // A sensor may say anything of its frames; what the fence makes of it is never less than nothing.
  for (const totals of ledger.sensors) {
    for (const value of Object.values(totals))
      if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0)
  }
  for (const one of [window('minute', 60), window('minute', 120), window('hour', 0, 'JP')]) {
    const table = new CountTable()
    await readCounts(redis, keys, one, table)
    expect(namedSeries(table.series())).toEqual(await memory.packets(one))
  }
  for (const one of [window('hour', 0), window('day', 0, 'JP')]) {
    const sources = await readSources(redis, [keys], one, ['all'])
    expect(sources).toEqual(await memory.sources(one, ['all']))
  }
}
