// roll-logs.lua, replace-log.lua, mark-closing.lua, read-closed.lua and forget-starts.lua, each alone on a real Redis.
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

/** The arguments of rollCall by name. */
const AT = { newId: 3, bytes: 5, id: 6 }

function rollCall(keepUntil: number = NEVER): Call {
  const { keys } = bench
  const window = (size: string, end: number, member: string) => [size, end, keepUntil, 1, 2, 1, member, end]
  return [
    'roll-logs',
    [
      keys.quarters,
      keys.closing,
      keys.lateSources,
      keys.quarter(QUARTER),
      keys.sources(HOUR),
      keys.sourceWindows,
      keys.sources(DAY),
      keys.sourceWindows
    ],
    [1, 1, 2, NEW_ID, QUARTER, 14, ID, SOURCES, ...window('hour', 3600, HOUR), ...window('day', 86_400, DAY)]
  ]
}

function markCall(hourEnd: number | string, counted: (string | number)[] = []): Call {
  const { keys } = bench
  return [
    'mark-closing',
    [keys.closing, keys.sourceWindows, keys.quarters, keys.offsets, keys.unreadableQuarters],
    [2, 'hour', hourEnd, 'day', -1, ...counted]
  ]
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

describe('roll-logs.lua', () => {
  test('it puts a quarter behind its hour and its day, and the next one behind that', async () => {
    const { redis, keys } = bench
    await addQuarter()
    expect(await run(rollCall())).toEqual(['rolled', 14, 14])
    expect(await redis.exists(keys.quarter(QUARTER))).toBe(0)
    expect(await redis.zcard(keys.quarters)).toBe(0)
    await addQuarter()
    const [name, rollKeys, args] = rollCall()
    const newest = Buffer.from('window09')
    expect(await run([name, rollKeys, args.with(AT.newId, newest)])).toEqual(['rolled', 20, 20])

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

  test('several logs go together or not at all, each content where it belongs, and a list keeps its newest', async () => {
    const { redis, keys } = bench
    const [one, two] = [keys.minute('60|a'), keys.minute('60|b')]
    await redis.mset({ [one]: 'idofone1abc', [two]: 'idoftwo1de' })
    await redis.zadd(keys.series, 100, 'series')
    const [first, second] = [60, 120].map((score, i) => ['', 120, NEVER, i + 1, 0, 1, 'series', score])
    const call = (idOfTwo: string): Call => [
      'roll-logs',
      [
        keys.minutes,
        keys.closing,
        keys.lateSources,
        one,
        two,
        keys.counts('x'),
        keys.series,
        keys.counts('y'),
        keys.series
      ],
      [2, 2, 2, NEW_ID, '60|a', 11, 'idofone1', '60|b', 10, idOfTwo, 'abcde', 'de', ...first!, ...second!]
    ]
    const before = await bench.state()
    expect(await run(call('another1'))).toBe('changed')
    expect(await bench.state()).toEqual(before)

    expect(await run(call('idoftwo1'))).toEqual(['rolled', 13, 10])
    expect(await redis.mget(one, two, keys.counts('x'), keys.counts('y'))).toEqual([
      null,
      null,
      `${NEW_ID.toString()}abcde`,
      `${NEW_ID.toString()}de`
    ])
    expect(await redis.zscore(keys.series, 'series')).toBe('120')
  })

  test('a quarter that has more, or is another one, or is gone, changes nothing', async () => {
    await addQuarter()
    const [name, keys, args] = rollCall()
    const before = await bench.state()
    expect(await run([name, keys, args.with(AT.bytes, 13)])).toBe('changed')
    expect(await run([name, keys, args.with(AT.id, Buffer.from('quarter2'))])).toBe('changed')
    expect(await bench.state()).toEqual(before)

    await bench.clear()
    expect(await run(rollCall())).toBe('changed')
    expect(await bench.state()).toEqual({})
  })

  test('sources of a closed or a forgotten window are counted as late there', async () => {
    const { redis, keys } = bench
    await run(markCall(3600))
    await addQuarter()
    expect(await run(rollCall())).toEqual(['rolled', 0, 14])
    expect(await redis.hgetall(keys.lateSources)).toEqual({ hour: '2' })
    expect(await redis.exists(keys.sources(HOUR))).toBe(0)
    expect(await redis.exists(keys.sources(DAY))).toBe(1)

    await addQuarter()
    expect(await run(rollCall(1))).toEqual(['rolled', 0, 0])
    expect(await redis.hgetall(keys.lateSources)).toEqual({ hour: '4', day: '2' })
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
    for (const wrong of [
      args.with(AT.newId, 'short'),
      args.with(AT.id, 'short'),
      args.slice(0, -1),
      [...args, 1]
    ]) {
      await expect(run([name, keys, wrong])).rejects.toThrow(/SPARGUMENT/)
    }
    await expect(run([name, keys.slice(0, -1), args])).rejects.toThrow(/SPARGUMENT/)
    await expect(run([name, [...keys, keys[0]!], args])).rejects.toThrow(/SPARGUMENT/)
    for (let length = 0; length < args.length; length++)
      await expect(run([name, keys, args.slice(0, length)])).rejects.toThrow(/SPARGUMENT/)
  })
})

describe('replace-log.lua', () => {
  const shorter = Buffer.concat([Buffer.from('window02'), SOURCES])

  function replaceCall(bytes: number, id: Buffer, log: Buffer | string = shorter): Call {
    const { keys } = bench
    return ['replace-log', [keys.sources(HOUR), keys.sourceWindows], [bytes, id, log, HOUR]]
  }

  test('it replaces what was read, keeps its end, takes it off the list, and changes nothing else', async () => {
    const { redis, keys } = bench
    const keepUntil = Math.floor(Date.now() / 1000) + 5000
    await addQuarter()
    await run(rollCall(keepUntil))
    expect(await run(replaceCall(13, NEW_ID))).toBe(0)
    expect(await run(replaceCall(14, ID))).toBe(0)
    expect(await redis.zscore(keys.sourceWindows, HOUR)).toBe('3600')

    expect(await run(replaceCall(14, NEW_ID))).toBe(1)

    expect(await redis.getBuffer(keys.sources(HOUR))).toEqual(shorter)
    expect(await redis.expiretime(keys.sources(HOUR))).toBe(keepUntil)
    expect(await redis.zrange(keys.sourceWindows, '0', '-1')).toEqual([DAY])
    expect(await run(replaceCall(14, NEW_ID))).toBe(0)
  })

  test('without a list it only replaces, and one of which nothing is left is forgotten', async () => {
    const { redis, keys } = bench
    await addQuarter()
    await run(rollCall())
    expect(await run(['replace-log', [keys.sources(HOUR)], [14, NEW_ID, shorter]])).toBe(1)
    expect(await redis.zcard(keys.sourceWindows)).toBe(2)

    expect(await run(replaceCall(14, Buffer.from('window02'), ''))).toBe(1)
    expect(await redis.exists(keys.sources(HOUR))).toBe(0)
    expect(await redis.zcard(keys.sourceWindows)).toBe(1)
  })

  test('where there is no log it leaves the list, and where there is one now it stays', async () => {
    const { redis, keys } = bench
    const call: Call = ['replace-log', [keys.sources(HOUR), keys.sourceWindows], [0, '', '', HOUR]]
    await addQuarter()
    await run(rollCall())
    expect(await run(call)).toBe(0)
    expect(await redis.zcard(keys.sourceWindows)).toBe(2)

    await redis.del(keys.sources(HOUR))
    expect(await run(call)).toBe(1)
    expect(await redis.zrange(keys.sourceWindows, '0', '-1')).toEqual([DAY])
    const [name, scriptKeys, args] = call
    for (const wrong of [args.with(2, shorter), args.with(0, 5), args.with(1, 'short')])
      await expect(run([name, scriptKeys, wrong])).rejects.toThrow(/SPARGUMENT/)
  })

  test('a log that is gone stays gone, and a wrong type or length is an error', async () => {
    const { redis, keys } = bench
    expect(await run(replaceCall(14, NEW_ID))).toBe(0)
    expect(await bench.state()).toEqual({})

    const [name, scriptKeys, args] = replaceCall(14, NEW_ID)
    for (const wrong of [args.with(1, 'short'), args.with(2, 'short'), args.slice(0, 3), [...args, 1]])
      await expect(run([name, scriptKeys, wrong])).rejects.toThrow(/SPARGUMENT/)
    await redis.set(keys.sourceWindows, 'no list')
    await expect(run(replaceCall(14, NEW_ID))).rejects.toThrow(/WRONGTYPE/)
    await redis.del(keys.sourceWindows)
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
    await bench.redis.zadd(bench.keys.unreadableQuarters, 900, QUARTER)
    expect(await run(markCall(901))).toEqual([])
  })

  test('a slot that has counted less than it must marks nothing', async () => {
    const { redis, keys } = bench
    await redis.hset(keys.offsets, 'packets.enriched|0', 6)
    const before = await bench.state()
    expect(await run(markCall(3600, ['packets.enriched|0', 7]))).toBe('behind')
    expect(await run(markCall(3600, ['packets.enriched|0', 6, 'packets.enriched|1', 1]))).toBe('behind')
    expect(await bench.state()).toEqual(before)

    expect(await run(markCall(3600, ['packets.enriched|0', 6, 'packets.enriched|1', 0]))).toEqual([])
    expect(await redis.hget(keys.closing, 'hour')).toBe('3600')
  })

  test('wrong types and numbers are errors before anything changes', async () => {
    const call = markCall(5, ['packets.enriched|0', 0])
    await expectWrongTypesRefused(call, async () => {
      await bench.redis.hset(bench.keys.closing, 'hour', 0)
      await bench.redis.zadd(bench.keys.sourceWindows, 1, 'x')
      await bench.redis.zadd(bench.keys.quarters, 900, 'x')
      await bench.redis.zadd(bench.keys.unreadableQuarters, 900, 'x')
      await bench.redis.hset(bench.keys.offsets, 'packets.enriched|0', 1)
    })
    await expectWrongNumbersRefused(call)
    const [name, keys, args] = call
    for (let length = 0; length < 5; length++)
      await expect(run([name, keys, args.slice(0, length)])).rejects.toThrow(/SPARGUMENT/)
    await expect(run([name, keys, [...args, 'x']])).rejects.toThrow(/SPARGUMENT/)
  })
})

describe('read-closed.lua', () => {
  test('it reads the logs of a window while it is closed, and nothing where its mark is gone', async () => {
    const { redis, keys } = bench
    await addQuarter()
    await run(rollCall())
    const read = (end: number) =>
      runScript(
        redis,
        'read-closed',
        [keys.closing, keys.sources(HOUR), keys.sources('none')],
        ['hour', end],
        'bytes'
      )
    expect(await read(3600)).toEqual(Buffer.from('open'))
    await run(markCall(3600))

    expect(await read(3600)).toEqual([Buffer.concat([NEW_ID, SOURCES]), null])
    expect(await read(3601)).toEqual(Buffer.from('open'))
    await redis.del(keys.closing)
    expect(await read(3600)).toEqual(Buffer.from('open'))
    await expect(runScript(redis, 'read-closed', [keys.closing], ['hour'])).rejects.toThrow(/SPARGUMENT/)
    await expect(runScript(redis, 'read-closed', [keys.closing], ['hour', 'x'])).rejects.toThrow(/SPARGUMENT/)
  })
})

describe('forget-starts.lua', () => {
  test('it takes old starts away, and a series that has none left off the list', async () => {
    const { redis, keys } = bench
    const forget = (newest: number | string): Call => [
      'forget-starts',
      [keys.starts('one'), keys.series],
      ['one', newest]
    ]
    await redis.zadd(keys.series, 120, 'one', 60, 'two')
    await redis.zadd(keys.starts('one'), 60, '60', 120, '120')

    expect(await run(forget(60))).toBe(1)
    expect(await redis.zrange(keys.starts('one'), '0', '-1')).toEqual(['120'])
    expect(await redis.zrange(keys.series, '0', '-1')).toEqual(['two', 'one'])
    expect(await run(forget(120))).toBe(0)
    expect(await redis.zrange(keys.series, '0', '-1')).toEqual(['two'])

    const before = await bench.state()
    for (const wrong of ['x', '0.5', '1e300']) await expect(run(forget(wrong))).rejects.toThrow(/SPARGUMENT/)
    expect(await bench.state()).toEqual(before)
  })
})
