import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { linesOf, textLines } from '../../adapters/text-lines.ts'

async function* chunksOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

/** All lines, each with its number. */
async function read(chunks: AsyncIterable<Uint8Array>): Promise<[number, string][]> {
  const all: [number, string][] = []
  for await (const { firstLine, lines } of linesOf(chunks, 'it'))
    all.push(...lines.map((line, index): [number, string] => [firstLine + index, line]))
  return all
}

/** Processor time of a line of so many chunks. */
async function secondsOf(chunks: number): Promise<number> {
  const pieces = Array.from({ length: chunks }, () => Buffer.alloc(4096, 'x'))
  const before = process.cpuUsage()
  expect((await read(chunksOf(...pieces)))[0]![1].length).toBe(chunks * 4096)
  return process.cpuUsage(before).user / 1e6
}

test('lines are the same wherever the chunks end: in a line, between CR and LF, in a character', async () => {
  const text = Buffer.from('\uFEFFone\r\ntwo \u{1F426}\n\nfour\rand more\r\nlast')
  const lines = [
    [1, 'one'],
    [2, 'two \u{1F426}'],
    [3, ''],
    [4, 'four\rand more'],
    [5, 'last']
  ]
  for (let size = 1; size <= text.length; size++) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.subarray(index * size, (index + 1) * size)
    )
    expect(await read(chunksOf(...pieces))).toEqual(lines)
  }
  expect(await read(chunksOf('one\n', 'two\n'))).toEqual([
    [1, 'one'],
    [2, 'two']
  ])
  expect(await read(chunksOf())).toEqual([])
})

test('no more is read than what lines are asked for, of a stream without end', async () => {
  let given = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.from(`line ${given++}\n`)
  }
  let taken = 0
  for await (const { lines } of linesOf(endless(), 'it')) {
    taken += lines.length
    if (taken >= 1000) break
  }
  expect([taken, given]).toEqual([1000, 1000])
})

test('a line without end is an error that says where, before all of it is in memory', async () => {
  const mebibyte = Buffer.alloc(1024 * 1024, 'x')
  let given = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('first\n')
    for (;;) {
      given += 1
      yield mebibyte
    }
  }
  await expect(read(endless())).rejects.toMatchObject({
    code: 'SP_FILE_UNREADABLE',
    message: expect.stringMatching(/^it, line 2: it has more than 67108864 characters/)
  })
  expect(given).toBe(65)
})

test('a long line takes time by its length, not by its square', async () => {
  await secondsOf(500)
  const [once, eightTimes] = [await secondsOf(1000), await secondsOf(8000)]
  // By its square it would be 64 times as long.
  expect(eightTimes).toBeLessThan(Math.max(0.02, once) * 24)
})

test('a file by its path; one that is not there is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-lines-'))
  try {
    const path = join(folder, 'lines.txt')
    writeFileSync(path, 'a\nb\n')
    const blocks = []
    for await (const block of textLines(path)) blocks.push(block)
    expect(blocks).toEqual([{ firstLine: 1, lines: ['a', 'b'] }])
    const none = join(folder, 'none.txt')
    await expect(textLines(none).next()).rejects.toMatchObject({
      code: 'SP_FILE_UNREADABLE',
      message: expect.stringContaining(none)
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
