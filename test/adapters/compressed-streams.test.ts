import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { GzipError, gunzip, isGzipMagic } from '../../adapters/gzip-stream.ts'
import { isZstdMagic, unzstd, ZstdError } from '../../adapters/zstd-stream.ts'

interface Outcome {
  readonly output: Buffer
  readonly error: unknown
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size))
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Outcome> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of stream) parts.push(part)
  } catch (error) {
    return { output: Buffer.concat(parts), error }
  }
  return { output: Buffer.concat(parts), error: null }
}

function gunzipAll(bytes: Uint8Array, chunkBytes = 10_000, canReopen = true): Promise<Outcome> {
  return collect(gunzip(() => inChunks(bytes, chunkBytes), canReopen))
}

function unzstdAll(bytes: Uint8Array, chunkBytes = 10_000): Promise<Outcome> {
  return collect(unzstd(inChunks(bytes, chunkBytes)))
}

function zstd(input: Uint8Array, ...options: string[]): Buffer {
  return execFileSync('zstd', ['-qc', ...options], { input, maxBuffer: 2 ** 26 })
}

/** Compresses by about half, and is long enough for several blocks and pieces. */
const text = Buffer.from(
  Array.from({ length: 60_000 }, (_, line) => `${line} ${(line * 7919) % 10_007} ${line % 13}\n`).join('')
)

describe('gunzip', () => {
  test.each([1000, 32_768, 1_000_000])('gives the contents from chunks of %d bytes', async (chunkBytes) => {
    const { output, error } = await gunzipAll(gzipSync(text), chunkBytes)

    expect(error).toBeNull()
    expect(output.equals(text)).toBe(true)
  })

  test('reads members one after the other, wherever the chunks are cut', async () => {
    const first = gzipSync(text.subarray(0, 100_000))
    const both = Buffer.concat([first, gzipSync(text.subarray(100_000)), Buffer.alloc(100)])

    for (const chunkBytes of [first.length - 1, first.length, first.length + 1, both.length]) {
      const { output, error } = await gunzipAll(both, chunkBytes)

      expect(error).toBeNull()
      expect(output.equals(text)).toBe(true)
    }
  })

  test('gives all that is there of a stream that ends too early', async () => {
    const compressed = gzipSync(text)

    const { output, error } = await gunzipAll(compressed.subarray(0, compressed.length - 9))

    expect(output.equals(text)).toBe(true)
    expect(error).toBeInstanceOf(GzipError)
    expect(error).toMatchObject({ message: 'unexpected end of file' })
  })

  test('gives everything before a wrong checksum', async () => {
    const compressed = gzipSync(text)
    compressed[compressed.length - 7]! ^= 1

    const { output, error } = await gunzipAll(compressed)

    expect(output.equals(text)).toBe(true)
    expect(error).toMatchObject({ name: 'GzipError', message: 'incorrect data check' })
  })

  test('gives what is before bytes that are no deflate, as exactly as a second reading can tell', async () => {
    const stored = gzipSync(text, { level: 0 })
    // The second stored block's length no longer agrees with its complement.
    const secondBlock = 10 + 5 + stored.readUInt16LE(11)
    stored[secondBlock + 1]! ^= 1
    const soundBytes = stored.readUInt16LE(11)

    const twice = await gunzipAll(stored)
    const once = await gunzipAll(stored, 10_000, false)

    expect(twice.error).toMatchObject({ name: 'GzipError', offset: secondBlock - (secondBlock % 32_768) })
    expect(twice.output.equals(text.subarray(0, soundBytes))).toBe(true)
    expect(once.error).toBeInstanceOf(GzipError)
    expect(once.output.equals(text.subarray(0, once.output.length))).toBe(true)
  })

  test('refuses what is no gzip', async () => {
    const { output, error } = await gunzipAll(Buffer.concat([Buffer.from([0x1f, 0x8b]), text]))

    expect(output).toHaveLength(0)
    expect(error).toBeInstanceOf(GzipError)
  })

  test('is known by its magic number', () => {
    expect(isGzipMagic(gzipSync(text))).toBe(true)
    expect(isGzipMagic(text)).toBe(false)
    expect(isGzipMagic(Buffer.alloc(0))).toBe(false)
  })
})

describe('unzstd', () => {
  test.each(['-1', '-12', '--no-check', '--no-content-size'])(
    'gives the contents of zstd %s',
    async (option) => {
      for (const chunkBytes of [999, 1_000_000]) {
        const { output, error } = await unzstdAll(zstd(text, option), chunkBytes)

        expect(error).toBeNull()
        expect(output.equals(text)).toBe(true)
      }
    }
  )

  test.each([0, 1, 5, 11, 300, 70_000])('gives %d bytes, stored or run-length coded', async (length) => {
    for (const contents of [randomBytes(length), Buffer.alloc(length, 7)]) {
      const { output, error } = await unzstdAll(zstd(contents), 3)

      expect(error).toBeNull()
      expect(output.equals(contents)).toBe(true)
    }
  })

  test('reads frames one after the other and skips skippable ones', async () => {
    const skippable = Buffer.from('5a2a4d1805000000aabbccddee', 'hex')
    const frames = [
      skippable,
      zstd(text.subarray(0, 100_000)),
      skippable,
      zstd(text.subarray(100_000)),
      skippable
    ]

    const { output, error } = await unzstdAll(Buffer.concat(frames))

    expect(error).toBeNull()
    expect(output.equals(text)).toBe(true)
  })

  test('gives the blocks before the end of a stream that ends too early, and says so', async () => {
    const compressed = zstd(text)

    for (const missing of [1, 4, 5, 1000, compressed.length - 5, compressed.length - 3]) {
      const { output, error } = await unzstdAll(compressed.subarray(0, compressed.length - missing))

      expect(error).toMatchObject({ name: 'ZstdError', message: 'the stream ends inside a frame' })
      expect(output.equals(text.subarray(0, output.length))).toBe(true)
      if (missing < 5) expect(output).toHaveLength(text.length)
    }
  })

  test('notices every flipped bit where a checksum is there', async () => {
    const compressed = zstd(text.subarray(0, 3000))

    for (let at = 4; at < compressed.length; at += 7) {
      const damaged = Buffer.from(compressed)
      damaged[at]! ^= 0x10

      const { error } = await unzstdAll(damaged)

      // A flip in the header may be one of a field that nobody needs: the content's size.
      if (at > 12) expect(error).toBeInstanceOf(ZstdError)
    }
  })

  test.each([
    ['a window over 128 MiB', '28b52ffd0090', 'window of 268435456 bytes'],
    ['a dictionary', '28b52ffd010805', 'needs a dictionary'],
    ['a reserved bit', '28b52ffd0808', 'reserved bit'],
    ['a block of the reserved type', '28b52ffd0008070000', 'a block header is damaged'],
    ['a block longer than any', '28b52ffd0008f4ffff', 'a block header is damaged'],
    ['a skippable frame that ends too early', '502a4d1805000000aa', 'ends inside a skippable frame'],
    ['something else behind it', '502a4d180000000000112233', 'no zstd frame']
  ])('refuses %s', async (_, hex, reason) => {
    const { error } = await unzstdAll(Buffer.from(hex, 'hex'))

    expect(error).toBeInstanceOf(ZstdError)
    expect((error as ZstdError).message).toContain(reason)
  })

  test('is known by its magic number', () => {
    expect(isZstdMagic(zstd(text))).toBe(true)
    expect(isZstdMagic(Buffer.from('5f2a4d18', 'hex'))).toBe(true)
    expect(isZstdMagic(Buffer.from('602a4d18', 'hex'))).toBe(false)
    expect(isZstdMagic(text)).toBe(false)
  })
})
