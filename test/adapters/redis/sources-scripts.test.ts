// roll-sources.lua, replace-sources.lua and mark-closing.lua, each alone on a real Redis.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { runScript, type ScriptName } from '../../../adapters/redis/scripts.ts'
import { SlotBench } from './slot-state.ts'

type Call = [ScriptName, string[], (string | number | Buffer)[]]

const QUARTER = '900|["all"]'
const HOUR = 'hour|UTC|0|["all"]'
const DAY = 'day|UTC|0|["all"]'
const ID = Buffer.from('quarter1')
const NEW_ID = Buffer.from('window01')
const SOURCES = Buffer.from([0, 0, 1, 7, 0, 0])
const NEVER = 0

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

function run([name, keys, args]: Call): Promise<unknown> {
  return runScript(bench.redis, name, keys, args)
}

/** What an aggregator leaves: one quarter with sources. */
async function addQuarter(): Promise<void> {
  const { redis, keys } = bench
  await redis.append(keys.quarter(QUARTER), Buffer.concat([ID, SOURCES]))
  await redis.zadd(keys.quarters, 900, QUARTER)
}

function rollCall(keepUntil: number = NEVER): Call {
  const { keys } = bench
  return [
    'roll-sources',
    [
      keys.quarters,
      keys.quarter(QUARTER),
      keys.closing,
      keys.lateSources,
      keys.sourceWindows,
      keys.sources(HOUR),
      keys.sources(DAY)
    ],
    [14, ID, QUARTER, NEW_ID, SOURCES, 1, 'hour', HOUR, 3600, keepUntil, 'day', DAY, 86_400, keepUntil]
  ]
}

function markCall(hourEnd: number | string): Call {
  const { keys } = bench
  return ['mark-closing', [keys.closing, keys.sourceWindows, keys.quarters], ['hour', hourEnd, 'day', -1]]
}

/** A string where a hash, a sorted set or another kind is wanted is an error, and changes nothing. */
async function expectWrongTypesRefused([name, keys, args]: Call, before: () => Promise<void>): Promise<void> {
  for (const wrong of keys) {
    await before()
    const type = await bench.redis.type(wrong)
    await bench.redis.del(wrong)
    if (type === 'string' || wrong.includes('sources|')) await bench.redis.hset(wrong, 'no', 'such thing')
    else await bench.redis.set(wrong, 'no such thing')
    const state = await bench.state()

    await expect(run([name, keys, args])).rejects.toThrow(/WRONGTYPE/)
    expect(await bench.state()).toEqual(state)
    await bench.clear()
  }
}

/** A number that is none, wherever it stands, is an error, and changes nothing. */
async function expectWrongNumbersRefused([name, keys, args]: Call): Promise<void> {
  const state = await bench.state()
  for (const [index, right] of args.entries()) {
    if (typeof right !== 'number') continue
    for (const wrong of ['x', '', '0.5', 'nan', '1e300']) {
      await expect(run([name, keys, args.with(index, wrong)])).rejects.toThrow(/SPARGUMENT/)
    }
  }
  expect(await bench.state()).toEqual(state)
}

describe('roll-sources.lua', () => {
  test('it puts a quarter behind its hour and its day, and the next one behind that', async () => {
    const { redis, keys } = bench
    await addQuarter()
    expect(await run(rollCall())).toBe('rolled')
    expect(await redis.exists(keys.quarter(QUARTER))).toBe(0)
    expect(await redis.zcard(keys.quarters)).toBe(0)
    await addQuarter()
    const [name, rollKeys, args] = rollCall()
    const newest = Buffer.from('window09')
    expect(await run([name, rollKeys, args.with(3, newest)])).toBe('rolled')

    // The id is that of the newest append.
    for (const member of [HOUR, DAY]) {
      const log = await redis.getBuffer(keys.sources(member))
      expect(log).toEqual(Buffer.concat([newest, SOURCES, SOURCES]))
    }
    expect(await redis.zrange(keys.sourceWindows, '0', '-1', 'WITHSCORES')).toEqual([
      HOUR,
      '3600',
      DAY,
      '86400'
    ])
    expect(await redis.exists(keys.lateSources)).toBe(0)
  })

  test('a quarter that has more, or is another one, or is gone, changes nothing', async () => {
    await addQuarter()
    const [name, keys, args] = rollCall()
    const before = await bench.state()
    expect(await run([name, keys, args.with(0, 13)])).toBe('changed')
    expect(await run([name, keys, args.with(1, Buffer.from('quarter2'))])).toBe('changed')
    expect(await bench.state()).toEqual(before)

    await bench.clear()
    expect(await run(rollCall())).toBe('changed')
    expect(await bench.state()).toEqual({})
  })

  test('sources of a closed or a forgotten window are counted as late there', async () => {
    const { redis, keys } = bench
    await run(markCall(3600))
    await addQuarter()
    expect(await run(rollCall())).toBe('rolled')
    expect(await redis.hgetall(keys.lateSources)).toEqual({ hour: '1' })
    expect(await redis.exists(keys.sources(HOUR))).toBe(0)
    expect(await redis.exists(keys.sources(DAY))).toBe(1)

    await addQuarter()
    expect(await run(rollCall(1))).toBe('rolled')
    expect(await redis.hgetall(keys.lateSources)).toEqual({ hour: '2', day: '1' })
  })

  test('a window that ends is forgotten then', async () => {
    const { redis, keys } = bench
    const keepUntil = Math.floor(Date.now() / 1000) + 5000
    await addQuarter()
    await run(rollCall(keepUntil))

    expect(await redis.expiretime(keys.sources(HOUR))).toBe(keepUntil)
  })

  test('wrong types, numbers and lengths are errors before anything changes', async () => {
    const [name, keys, args] = rollCall()
    await expectWrongTypesRefused([name, keys, args], async () => {
      await addQuarter()
      await bench.redis.hset(bench.keys.closing, 'hour', -1)
      await bench.redis.hset(bench.keys.lateSources, 'hour', 0)
      await bench.redis.zadd(bench.keys.sourceWindows, 1, 'x')
    })
    await addQuarter()
    await expectWrongNumbersRefused(rollCall())
    for (const wrong of [args.with(1, 'short'), args.with(3, 'short'), args.slice(0, -1), [...args, 1]]) {
      await expect(run([name, keys, wrong])).rejects.toThrow(/SPARGUMENT/)
    }
    await expect(run([name, keys.slice(0, 5), args.slice(0, 6)])).rejects.toThrow(/SPARGUMENT/)
  })
})

describe('replace-sources.lua', () => {
  const shorter = Buffer.concat([Buffer.from('window02'), SOURCES])

  function replaceCall(bytes: number, id: Buffer): Call {
    return ['replace-sources', [bench.keys.sources(HOUR)], [bytes, id, shorter]]
  }

  test('it replaces what was read, keeps its end, and nothing else', async () => {
    const { redis, keys } = bench
    const keepUntil = Math.floor(Date.now() / 1000) + 5000
    await addQuarter()
    await run(rollCall(keepUntil))
    expect(await run(replaceCall(13, NEW_ID))).toBe(0)
    expect(await run(replaceCall(14, ID))).toBe(0)

    expect(await run(replaceCall(14, NEW_ID))).toBe(1)

    expect(await redis.getBuffer(keys.sources(HOUR))).toEqual(shorter)
    expect(await redis.expiretime(keys.sources(HOUR))).toBe(keepUntil)
    expect(await run(replaceCall(14, NEW_ID))).toBe(0)
  })

  test('a log that is gone stays gone, and a wrong type or length is an error', async () => {
    const { redis, keys } = bench
    expect(await run(replaceCall(14, NEW_ID))).toBe(0)
    expect(await bench.state()).toEqual({})

    await expect(run(replaceCall(14, Buffer.from('short')))).rejects.toThrow(/SPARGUMENT/)
    await redis.hset(keys.sources(HOUR), 'no', 'log')
    await expect(run(replaceCall(14, NEW_ID))).rejects.toThrow(/WRONGTYPE/)
  })
})

describe('mark-closing.lua', () => {
  test('a window is due from its end on, and the mark never falls', async () => {
    const { redis, keys } = bench
    await addQuarter()
    await run(rollCall())
    expect(await run(markCall(3599))).toEqual([])
    expect(await run(markCall(3600))).toEqual([HOUR])
    expect(await run(markCall(100))).toEqual([])

    expect(await redis.hgetall(keys.closing)).toEqual({ hour: '3600', day: '-1' })
  })

  test('while a quarter waits that starts before an end, nothing is marked', async () => {
    await addQuarter()
    const before = await bench.state()

    expect(await run(markCall(901))).toBe('unrolled')
    expect(await bench.state()).toEqual(before)
    expect(await run(markCall(900))).toEqual([])
  })

  test('wrong types and numbers are errors before anything changes', async () => {
    await expectWrongTypesRefused(markCall(5), async () => {
      await bench.redis.hset(bench.keys.closing, 'hour', 0)
      await bench.redis.zadd(bench.keys.sourceWindows, 1, 'x')
      await bench.redis.zadd(bench.keys.quarters, 900, 'x')
    })
    await expectWrongNumbersRefused(markCall(5))
  })
})
