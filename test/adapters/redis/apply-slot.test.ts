import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { applyArguments, type ScriptCall } from '../../../adapters/redis/apply-arguments.ts'
import { runScript } from '../../../adapters/redis/scripts.ts'
import { mergeStored } from '../../../adapters/redis/stored-log.ts'
import type { DeclaredLoss } from '../../../core/batch/raw-batch.ts'
import type { SlotRequest } from '../../../core/store/count-store.ts'
import { CountTable } from '../../../core/windows/count-table.ts'
import { namedSeries } from '../../../core/windows/series.ts'
import { DEFAULT_RETENTION } from '../../../core/store/retention.ts'
import { countPart } from '../../builders/counts.ts'
import { addresses4, ALL, sourcePart } from '../../builders/sources.ts'
import { batch, span } from '../count-store-suite.ts'
import { SlotBench } from './slot-state.ts'

const LANE_SECONDS = 86_400
/** Where the id of an append stands among the arguments. */
const LOG_ID = 11
const hour = Math.floor(Date.now() / 3_600_000) * 3600

const MINUTE = `${hour}|a|["all","JP"]`

const request: SlotRequest = {
  slot: 0,
  spans: [span(0, 5), span(0, 2, 1)],
  batches: [
    batch('a', 1, { rejectedFrames: [{ reason: 'not-ip', frames: 2 }] }),
    batch('a', 2),
    batch('b', 7, { watermarkSeconds: 0 })
  ],
  known: [],
  counts: [
    countPart(hour, 'a', { all: 10, 'port=23/TCP': 4 }, ['all', 'JP']),
    countPart(hour, 'a', { all: 5 }, ['all', 'JP']),
    countPart(hour + 60, 'b', { all: 7 })
  ],
  sources: [sourcePart(hour, [[ALL, addresses4(0, 3)]], ['all', 'JP'])]
}

let bench: SlotBench

beforeAll(async () => {
  bench = await SlotBench.open()
})

afterEach(async () => {
  await bench.clear()
})

afterAll(async () => {
  await bench.close()
})

function callOf(over: Partial<SlotRequest> = {}): ScriptCall {
  return applyArguments({ ...request, ...over }, bench.keys, DEFAULT_RETENTION, LANE_SECONDS)
}

function run({ keys, args }: ScriptCall): Promise<unknown> {
  return runScript(bench.redis, 'apply-slot', keys, args)
}

async function idOf(): Promise<Buffer> {
  return (await bench.redis.getBuffer(bench.keys.minute(MINUTE)))!.subarray(0, 8)
}

/** The next flush: other batches, from where the first one ended, and all that a batch may say of others. */
function nextCall(): ScriptCall {
  const of = { epoch: 'e0', lane: 0 }
  const declaredLosses: DeclaredLoss[] = [
    { ...of, kind: 'spool-drop', from: 3, to: 4, frames: 7 },
    { ...of, kind: 'epoch-end', from: 6, to: 0, frames: 50 }
  ]
  const news = { kernelDrops: 4, observedFromMs: 90_000, closedAtMs: 95_000, declaredLosses }
  return callOf({ spans: [span(5, 6), span(2, 4, 1)], batches: [batch('a', 3, news), batch('b', 8)] })
}

describe('apply-slot.lua', () => {
  test('it writes counts, names, digests, offsets, watermarks and totals in one call', async () => {
    expect(await run(callOf())).toEqual(['applied'])

    const { redis, keys } = bench
    const lane = await redis.hgetall(keys.lane('a|e1|0'))
    expect(await redis.hgetall(keys.offsets)).toEqual({
      'packets.enriched|0': '5',
      'packets.enriched|1': '2'
    })
    expect(lane).toEqual({ ranges: '1-2:0-22:0-0', kernel: '0', 1: '1:digest a 1', 2: '2:digest a 2' })
    expect(await redis.hgetall(keys.watermarks)).toEqual({ a: `${hour + 2}` })
    expect(await redis.hgetall(keys.totals)).toEqual({
      'a|captured': '22',
      'a|counted': '20',
      'a|rejected|not-ip': '2',
      'b|captured': '10',
      'b|counted': '10'
    })
    expect(await redis.zrange(keys.minutes, '0', '-1', 'WITHSCORES')).toEqual([
      MINUTE,
      `${hour}`,
      `${hour + 60}|b|["all"]`,
      `${hour + 60}`
    ])
    const table = new CountTable()
    mergeStored((await redis.getBuffer(keys.minute(MINUTE)))!, table)
    expect(Object.fromEntries(namedSeries(table.series()))).toEqual({ all: 15, 'port=23/TCP': 4 })
    expect(await redis.zrange(keys.lanes, 0, '-1')).toEqual(['a|e1|0', 'b|e1|0'])
  })

  test('lanes end some time after their last batch; what waits to be put to its windows does not', async () => {
    await run(callOf())

    const { redis, keys } = bench
    expect(await redis.ttl(keys.lane('a|e1|0'))).toBeGreaterThan(LANE_SECONDS - 60)
    for (const key of [keys.offsets, keys.totals, keys.watermarks, keys.minute(MINUTE)])
      expect(await redis.ttl(key)).toBe(-1)
  })

  test('a log has the id of its newest append', async () => {
    const [first, second] = [callOf(), nextCall()]
    await run(first)
    expect(await idOf()).toEqual(first.args[LOG_ID])
    await run(second)

    expect(await idOf()).toEqual(second.args[LOG_ID])
    expect(first.args[LOG_ID]).not.toEqual(second.args[LOG_ID])
  })

  test('packets of a minute past its retention are told, and put away where nothing would keep them', async () => {
    const { redis, keys } = bench

    expect(await run(callOf({ counts: [countPart(hour - 30 * 3600, 'a', { all: 3 })] }))).toEqual([
      'applied',
      'minute',
      3
    ])
    expect(await redis.zcard(keys.minutes)).toBe(1)
    await bench.clear()
    expect(await run(callOf({ counts: [countPart(hour - 900 * 86_400, 'a', { all: 3 })] }))).toEqual([
      'applied',
      'minute',
      3,
      'hour',
      3,
      'day',
      3
    ])
    expect(await redis.zcard(keys.minutes)).toBe(0)
  })

  test('in a run nothing ends', async () => {
    await run(applyArguments(request, bench.keys, null, 0))

    const ends = Object.values(await bench.state()).map((value) => value.split(' ')[0])
    expect(new Set(ends)).toEqual(new Set(['-1']))
  })

  test('the same call again is answered `seen` and changes nothing', async () => {
    await run(callOf())
    const before = await bench.state()

    expect(await run(callOf())).toEqual(['seen', 0, 'same', 1, 'same', 2, 'same'])
    expect(await bench.state()).toEqual(before)
  })

  test('a call from above the stored offset is answered `behind` and changes nothing', async () => {
    await run(callOf())
    const before = await bench.state()

    expect(await run(callOf({ spans: [span(5, 6), span(3, 4, 1)], batches: [batch('a', 3)] }))).toEqual([
      'behind',
      1,
      2
    ])
    expect(await bench.state()).toEqual(before)
  })

  test('a key of a wrong type, whichever it is, is an error before anything changes', async () => {
    const { redis } = bench
    for (const wrong of new Set(nextCall().keys)) {
      await run(callOf())
      const isString = (await redis.type(wrong)) === 'string'
      await redis.del(wrong)
      if (isString) await redis.hset(wrong, 'no', 'such thing')
      else await redis.set(wrong, 'no such thing')
      const before = await bench.state()

      await expect(run(nextCall())).rejects.toThrow(/WRONGTYPE/)
      expect(await bench.state()).toEqual(before)
      await bench.clear()
    }
    expect(nextCall().keys.length).toBeGreaterThan(12)
  })

  test('a wrong argument, whichever it is, is an error or the same as before, never half a change', async () => {
    await run(callOf())
    const before = await bench.state()
    const { keys, args } = nextCall()
    let refused = 0
    for (const [index, right] of args.entries()) {
      if (typeof right !== 'number') continue
      for (const wrong of ['x', '', '-1', '0.5', 'nan', 'inf', '1e300', '9007199254740994']) {
        const wrongArgs = args.with(index, wrong)
        await expect(run({ keys, args: wrongArgs })).rejects.toThrow(/SPARGUMENT apply-slot/)
        refused++
      }
    }
    expect(await bench.state()).toEqual(before)
    expect(refused).toBeGreaterThan(200)
  })

  test('arguments or keys that are missing or too many are an error before anything changes', async () => {
    await run(callOf())
    const before = await bench.state()
    const { keys, args } = nextCall()
    for (let length = 0; length < args.length; length++) {
      await expect(run({ keys, args: args.slice(0, length) })).rejects.toThrow(/SPARGUMENT/)
    }
    await expect(run({ keys, args: [...args, 1] })).rejects.toThrow(/SPARGUMENT/)
    await expect(run({ keys: keys.slice(1), args })).rejects.toThrow(/SPARGUMENT|WRONGTYPE/)
    await expect(run({ keys: [...keys, keys[0]!], args })).rejects.toThrow(/SPARGUMENT/)
    expect(await bench.state()).toEqual(before)
  })

  test.each<[string, (bench: SlotBench) => Promise<unknown>]>([
    ['a total at its limit', ({ redis, keys }) => redis.hset(keys.totals, 'b|counted', `${2 ** 53 - 5}`)],
    ['a watermark that is no number', ({ redis, keys }) => redis.hset(keys.watermarks, 'a', 'x')],
    [
      'an offset that is no number',
      ({ redis, keys }) => redis.hset(keys.offsets, 'packets.enriched|1', '1.5')
    ],
    ['ranges that are none', ({ redis, keys }) => redis.hset(keys.lane('b|e1|0'), 'ranges', '1-x')],
    ['closed numbers that are none', ({ redis, keys }) => redis.hset(keys.lane('a|e0|0'), 'closed', 'x')],
    ['an end that is none', ({ redis, keys }) => redis.hset(keys.lane('a|e0|0'), 'end', '5')],
    ['kernel drops that are none', ({ redis, keys }) => redis.hset(keys.lane('a|e1|0'), 'kernel', '-1')],
    ['a life that is none', ({ redis, keys }) => redis.hset(keys.lives, 'a', '5')],
    ['a sum of the ledger that is none', ({ redis, keys }) => redis.hset(keys.totals, 'a|captured', 'x')],
    ['a digest without its number', ({ redis, keys }) => redis.hset(keys.lane('b|e1|0'), '8', 'x')]
  ])('%s is an error before anything changes', async (_, damage) => {
    await run(callOf())
    await damage(bench)
    const before = await bench.state()

    await expect(run(nextCall())).rejects.toThrow(/SPARGUMENT/)
    expect(await bench.state()).toEqual(before)
  })
})
