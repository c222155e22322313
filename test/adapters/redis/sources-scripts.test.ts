import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { runScript, type ScriptName } from '../../../adapters/redis/scripts.ts'
import { SlotBench } from './slot-state.ts'

const MEMBER = 'hour|UTC|3600|all'
const END = 7200
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

type Call = [name: ScriptName, keys: string[], args: (string | number | Buffer)[]]

function run([name, keys, args]: Call): Promise<unknown> {
  return runScript(bench.redis, name, keys, args)
}

/** Three IPv4 sources and one IPv6 source for `all`, one source for a port. */
function addCall(calls = 0): Call {
  const { keys } = bench
  return [
    'add-sources',
    [
      keys.writer('w'),
      keys.closing,
      keys.lateSources,
      keys.openSketches,
      keys.sketchSeries(MEMBER),
      keys.sketch(MEMBER, 'all'),
      keys.sketch(MEMBER, 'port=23/TCP')
    ],
    [
      calls,
      calls + 1,
      60,
      1,
      'hour',
      MEMBER,
      END,
      NEVER,
      2,
      'all',
      Buffer.from('aaaabbbbcccc'),
      Buffer.from('0123456789abcdef'),
      'port=23/TCP',
      Buffer.from('\u0001\u0000\u007f\u0003'),
      ''
    ]
  ]
}

function advanceCall(calls: number, from: number, to: number): Call {
  return [
    'advance-sources',
    [bench.keys.sourceOffsets, bench.keys.writer('w')],
    [calls, calls + 1, 60, 't|0', from, to]
  ]
}

function markCall(end: number): Call {
  return ['mark-closing', [bench.keys.closing, bench.keys.openSketches], ['hour', end, 'day', end - 1]]
}

function closeCall(keepUntil: number | string = NEVER): Call {
  const { keys } = bench
  const sketches = [keys.sketch(MEMBER, 'all'), keys.sketch(MEMBER, 'port=23/TCP')]
  return [
    'close-sketches',
    [keys.openSketches, keys.sketchSeries(MEMBER), keys.closed(MEMBER), ...sketches],
    [MEMBER, keepUntil, 'all', 'port=23/TCP']
  ]
}

function readCall(): Call {
  const { keys } = bench
  const sketches = ['all', 'port=23/TCP', 'none'].map((series) => keys.sketch(MEMBER, series))
  return ['read-sources', [keys.closed(MEMBER), ...sketches], ['all', 'port=23/TCP', 'none']]
}

/** A string where a hash, set or sorted set is wanted is an error, and changes nothing. */
async function expectWrongTypesRefused(call: Call, before: Call[], wrongKeys: string[]): Promise<void> {
  for (const wrong of wrongKeys) {
    for (const earlier of before) await run(earlier)
    await bench.redis.del(wrong)
    await bench.redis.set(wrong, 'no such thing')
    const state = await bench.state()

    await expect(run(call)).rejects.toThrow(/WRONGTYPE/)
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

describe('add-sources.lua', () => {
  test('it adds every source to its sketch, and a second time adds none', async () => {
    expect(await run(addCall(0))).toBe('applied')
    expect(await run(readCall())).toEqual([4, 1, 0])
    expect(await run(addCall(1))).toBe('applied')

    expect(await run(readCall())).toEqual([4, 1, 0])
    expect((await bench.redis.smembers(bench.keys.sketchSeries(MEMBER))).sort()).toEqual([
      'all',
      'port=23/TCP'
    ])
  })

  test('where an earlier call of the writer is missing, it says so and changes nothing', async () => {
    const before = await bench.state()

    expect(await run(addCall(1))).toBe('lost')
    expect(await bench.state()).toEqual(before)
  })

  test('sources of a closed window are counted as late, and make no sketch', async () => {
    await run(markCall(END))

    expect(await run(addCall(0))).toBe('applied')
    expect(await run(readCall())).toEqual([0, 0, 0])
    expect(await bench.redis.hgetall(bench.keys.lateSources)).toEqual({ hour: '5' })
    expect(await bench.redis.zcard(bench.keys.openSketches)).toBe(0)
  })

  test('wrong types, wrong numbers and broken addresses are errors before anything changes', async () => {
    const [name, keys, args] = addCall(0)
    await expectWrongTypesRefused(addCall(0), [], keys.slice(1, 5))
    await expectWrongNumbersRefused(addCall(0))
    for (const wrong of [args.with(10, 'abc'), args.with(11, 'abcd'), args.slice(0, -1), [...args, 1]]) {
      await expect(run([name, keys, wrong])).rejects.toThrow(/SPARGUMENT/)
    }
    await expect(run([name, keys.slice(0, -1), args])).rejects.toThrow(/SPARGUMENT/)
    expect(await bench.state()).toEqual({})
  })
})

describe('advance-sources.lua', () => {
  test('it moves the offset up and never down, and again changes nothing but its count', async () => {
    expect(await run(advanceCall(0, 0, 5))).toEqual(['applied'])
    expect(await run(advanceCall(1, 0, 5))).toEqual(['applied'])
    expect(await run(advanceCall(2, 1, 3))).toEqual(['applied'])

    expect(await bench.redis.hgetall(bench.keys.sourceOffsets)).toEqual({ 't|0': '5' })
  })

  test('from above the stored offset, or with a call missing, it is behind and changes nothing', async () => {
    await run(advanceCall(0, 0, 5))
    const before = await bench.state()

    expect(await run(advanceCall(1, 6, 9))).toEqual(['behind', 0, 5])
    expect(await run(advanceCall(2, 5, 9))).toEqual(['behind', 0, 5])
    expect(await bench.state()).toEqual(before)
  })

  test('wrong types, numbers and lengths are errors before anything changes', async () => {
    await expectWrongTypesRefused(advanceCall(1, 5, 6), [advanceCall(0, 0, 5)], [bench.keys.sourceOffsets])
    await expectWrongNumbersRefused(advanceCall(0, 3, 5))
    const [name, keys, args] = advanceCall(0, 0, 5)
    await expect(run([name, keys, args.slice(0, -1)])).rejects.toThrow(/SPARGUMENT/)
    await expect(run([name, keys, args.with(5, -1)])).rejects.toThrow(/SPARGUMENT/)
    expect(await bench.state()).toEqual({})
  })
})

describe('mark-closing.lua and close-sketches.lua', () => {
  test('a window is due from its end on, and its sketches become their numbers once', async () => {
    await run(addCall(0))
    expect(await run(markCall(END - 1))).toEqual([])
    expect(await run(markCall(END))).toEqual([MEMBER])

    expect(await run(closeCall())).toBe(0)
    const closed = await bench.state()
    expect(await run(closeCall())).toBe(0)

    expect(await bench.state()).toEqual(closed)
    expect(await run(readCall())).toEqual([4, 1, 0])
    expect(await bench.redis.hgetall(bench.keys.closed(MEMBER))).toEqual({ all: '4', 'port=23/TCP': '1' })
    expect(await run(markCall(END))).toEqual([])
  })

  test('the mark only rises', async () => {
    await run(markCall(END))
    const before = await bench.state()

    await run(markCall(END))
    await run(markCall(END - 3600))
    expect(await bench.state()).toEqual(before)
  })

  test('wrong types and numbers are errors before anything changes', async () => {
    const { keys } = bench
    await expectWrongTypesRefused(markCall(END), [addCall(0)], [keys.closing, keys.openSketches])
    const wrong = [
      keys.openSketches,
      keys.sketchSeries(MEMBER),
      keys.closed(MEMBER),
      bench.keys.sketch(MEMBER, 'port=23/TCP')
    ]
    // Read once before: a PFCOUNT keeps its answer inside the sketch.
    await expectWrongTypesRefused(closeCall(), [addCall(0), readCall()], wrong)
    await expectWrongNumbersRefused(markCall(END))
    await run(addCall(0))
    await expectWrongNumbersRefused(closeCall())
    const [name, names, args] = closeCall()
    await expect(run([name, names.slice(0, -1), args])).rejects.toThrow(/SPARGUMENT/)
  })
})

describe('trim-hour.lua', () => {
  const HOUR = 3600

  function trimCall(remain: number, ...cells: (string | number)[]): Call {
    return ['trim-hour', [bench.keys.sensorHour(HOUR), bench.keys.untrimmedHours], [HOUR, remain, ...cells]]
  }

  async function fill(): Promise<void> {
    await bench.redis.hset(bench.keys.sensorHour(HOUR), 'a|all', 5, 'b|all', 3, 'c|all', 2)
    await bench.redis.zadd(bench.keys.untrimmedHours, HOUR, `${HOUR}`)
  }

  test('it drops what is no more than it was, and the hour is done where as many remain as expected', async () => {
    await fill()
    expect(await run(trimCall(2, 'c|all', 3, 'd|all', 3))).toBe(1)
    const trimmed = await bench.state()
    expect(await run(trimCall(2, 'c|all', 3, 'd|all', 3))).toBe(0)

    expect(await bench.state()).toEqual(trimmed)
    expect(await bench.redis.hgetall(bench.keys.sensorHour(HOUR))).toEqual({ 'a|all': '5', 'b|all': '3' })
    expect(await bench.redis.zcard(bench.keys.untrimmedHours)).toBe(0)
  })

  test('a cell that has grown stays, and the hour is judged again', async () => {
    await fill()
    await bench.redis.hset(bench.keys.sensorHour(HOUR), 'c|all', 4)

    expect(await run(trimCall(2, 'c|all', 3))).toBe(0)
    expect(await bench.redis.zcard(bench.keys.untrimmedHours)).toBe(1)
  })

  test('wrong types and numbers are errors before anything changes', async () => {
    const call = trimCall(2, 'c|all', 3)
    await expectWrongTypesRefused(call, [], call[1])
    await fill()
    const before = await bench.state()
    for (const index of [0, 1, 3]) {
      await expect(run([call[0], call[1], call[2].with(index, 'x')])).rejects.toThrow(/SPARGUMENT/)
    }
    expect(await bench.state()).toEqual(before)
  })
})
