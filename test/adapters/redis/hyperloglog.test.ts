import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { SourceCounter } from '../../../core/sources/source-counter.ts'
import { SlotBench } from './slot-state.ts'

let bench: SlotBench

beforeAll(async () => {
  bench = await SlotBench.open()
})

afterAll(async () => {
  await bench.close()
})

/** The next word of xorshift: random enough, and the same again where a test fails. */
function nextWord(word: number): number {
  word ^= word << 13
  word ^= word >>> 17
  word ^= word << 5
  return word >>> 0
}

/** What Redis estimates for these addresses, each added as a string of 4 or 16 bytes. */
async function countInRedis(series: string, addresses4: Buffer, addresses16: Buffer): Promise<number> {
  const { redis } = bench
  for (const [packed, width] of [
    [addresses4, 4],
    [addresses16, 16]
  ] as const) {
    for (let at = 0; at < packed.length; at += width * 10_000) {
      const part = packed.subarray(at, at + width * 10_000)
      const members = Array.from({ length: part.length / width }, (_, i) =>
        part.subarray(i * width, (i + 1) * width)
      )
      await redis.pfadd(series, ...members)
    }
  }
  return await redis.pfcount(series)
}

describe('counts beyond the exact ones', () => {
  test.each([20_000, 100_000, 1_000_000])('%d IPv4 sources are the same number as in Redis', async (size) => {
    const counter = new SourceCounter()
    const packed = Buffer.alloc(4 * size)
    for (let i = 0, word = size; i < size; i++) {
      word = nextWord(word)
      counter.add4(word)
      packed.writeUInt32BE(word, 4 * i)
    }

    expect(counter.isExact).toBe(false)
    expect(counter.count()).toBe(await countInRedis(`4-${size}`, packed, Buffer.alloc(0)))
  })

  test('IPv6 sources, alone and beside IPv4, are the same number as in Redis', async () => {
    const size = 40_000
    const counter6 = new SourceCounter()
    const both = new SourceCounter()
    const packed4 = Buffer.alloc(4 * size)
    const packed16 = Buffer.alloc(16 * size)
    for (let i = 0, word = 6; i < size; i++) {
      const words: number[] = []
      for (let part = 0; part < 4; part++) {
        word = nextWord(word)
        words.push(word)
        packed16.writeUInt32BE(word, 16 * i + 4 * part)
      }
      packed4.writeUInt32BE(word, 4 * i)
      for (const counter of [counter6, both]) counter.add6(words[0]!, words[1]!, words[2]!, words[3]!)
      both.add4(word)
    }

    expect(counter6.count()).toBe(await countInRedis('6', Buffer.alloc(0), packed16))
    expect(both.count()).toBe(await countInRedis('both', packed4, packed16))
  })
})
