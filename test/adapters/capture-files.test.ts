import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  expandCaptureArguments,
  fileDigest,
  readCaptureFile,
  readCaptureStream,
  type TakeFrames
} from '../../adapters/capture-files.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { countingBytes, pcap } from '../core/capture/capture-builder.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'capture-files-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** `count` packets of 600 bytes, each with its number in it. */
function captureOf(count: number): Buffer {
  const contents = countingBytes(600)
  const records = Array.from({ length: count }, (_, number) => {
    const data = Buffer.from(contents)
    data.writeUInt32BE(number)
    return { seconds: 1_700_000_000 + number, subSeconds: 5, data }
  })
  return pcap({ linkType: 101 }, records)
}

class Digest {
  frames = 0
  readonly #hash = createHash('sha256')

  readonly take = (reader: CaptureReader): void => {
    while (reader.next()) {
      const { seconds, nanoseconds, bytes, start, end } = reader.frame
      this.frames += 1
      this.#hash.update(`${seconds}.${nanoseconds}:`).update(bytes.subarray(start, end))
    }
  }

  toString(): string {
    return this.#hash.digest('hex')
  }
}

async function digestOf(path: string): Promise<string> {
  const digest = new Digest()
  await readCaptureFile(path, digest.take)
  return `${digest.frames} ${digest.toString()}`
}

async function outcomeOf(
  read: (take: TakeFrames) => Promise<void>
): Promise<{ frames: number; error: unknown }> {
  const digest = new Digest()
  try {
    await read(digest.take)
  } catch (error) {
    return { frames: digest.frames, error }
  }
  return { frames: digest.frames, error: null }
}

describe('a capture file', () => {
  test('gives the same frames plain, as gzip and as zstd, whatever its name', async () => {
    const capture = captureOf(6000)
    const plain = write('plain.txt', capture)
    const members = [gzipSync(capture.subarray(0, 1_000_000)), gzipSync(capture.subarray(1_000_000))]
    const gzip = write('gzip.zst', Buffer.concat(members))
    const zstd = write('zstd.pcap', execFileSync('zstd', ['-qc', plain], { maxBuffer: 2 ** 26 }))

    const digests = await Promise.all([plain, gzip, zstd].map(digestOf))

    expect(digests[0]).toMatch(/^6000 /)
    expect(new Set(digests).size).toBe(1)
  })

  test('is read no further before the promise of the one who takes its frames is settled', async () => {
    const path = write('slow.pcap', captureOf(12_000))
    const numbers: number[] = []
    let isTaking = false

    await readCaptureFile(path, async (reader) => {
      expect(isTaking).toBe(false)
      isTaking = true
      while (reader.next()) {
        // The frame's memory stays as it is over turns of the event loop in which the next chunk arrives.
        if (reader.frame.number % 1000 === 0) await nextTurn()
        numbers.push(
          Buffer.from(reader.frame.bytes.buffer).readUInt32BE(
            reader.frame.bytes.byteOffset + reader.frame.start
          )
        )
      }
      isTaking = false
    })

    expect(numbers).toEqual(Array.from({ length: 12_000 }, (_, number) => number))
  })

  test('stops without an error when the signal is aborted', async () => {
    const path = write('stopped.pcap', captureOf(6000))
    const controller = new AbortController()
    let chunks = 0

    await readCaptureFile(
      path,
      (reader) => {
        while (reader.next());
        chunks += 1
        controller.abort()
      },
      { signal: controller.signal }
    )

    expect(chunks).toBe(1)
  })

  test.each([
    ['an error of the one who takes frames', true],
    ['a rejection of its promise', false]
  ])('passes on %s', async (_, isThrown) => {
    const path = write('refused.pcap', captureOf(1))
    const failure = new Error('no room')

    const reading = readCaptureFile(path, () => {
      if (isThrown) throw failure
      return Promise.reject(failure)
    })

    await expect(reading).rejects.toBe(failure)
  })

  test('that is missing, or a folder, cannot be read', async () => {
    const missing = join(folder, 'missing.pcap')

    await expect(readCaptureFile(missing, () => undefined)).rejects.toMatchObject({
      code: 'SP_FILE_UNREADABLE',
      message: expect.stringMatching(/missing\.pcap: cannot be read: .*ENOENT/)
    })
    await expect(readCaptureFile(folder, () => undefined)).rejects.toMatchObject({
      code: 'SP_FILE_UNREADABLE',
      message: expect.stringContaining('EISDIR')
    })
  })

  test.each([
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('hello, world')],
    ['gzip of text', gzipSync('hello, world')],
    ['empty gzip', gzipSync('')],
    ['one byte', Buffer.from([0x1f])]
  ])('that is %s is no capture', async (name, bytes) => {
    const path = write(`${name}.bin`, bytes)

    const { error } = await outcomeOf((take) => readCaptureFile(path, take))
    expect(error).toBeInstanceOf(StormpetrelError)
    expect(error).toMatchObject({ code: 'SP_CAPTURE_UNKNOWN', message: expect.stringContaining(path) })
  })
})

describe('a damaged capture file', () => {
  const capture = captureOf(3000)

  test('that ends too early gives all packets before its end', async () => {
    const path = write('truncated.pcap', capture.subarray(0, -1))

    const { frames, error } = await outcomeOf((take) => readCaptureFile(path, take))

    expect(frames).toBe(2999)
    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message: `${path}: damaged at byte ${24 + 2999 * 616}: the file ends inside packet 3000; the 2999 packets before it were used`
    })
  })

  test('names offsets after decompression as such', async () => {
    const path = write('truncated.pcap.gz', gzipSync(capture.subarray(0, -1)))

    const { frames, error } = await outcomeOf((take) => readCaptureFile(path, take))

    expect(frames).toBe(2999)
    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message: expect.stringContaining(`${path} (decompressed): damaged at byte ${24 + 2999 * 616}: `)
    })
  })

  test('whose gzip ends too early gives all packets before that', async () => {
    const compressed = gzipSync(capture)
    const path = write('short.gz', compressed.subarray(0, -5))

    const { frames, error } = await outcomeOf((take) => readCaptureFile(path, take))

    expect(frames).toBe(3000)
    expect(error).toMatchObject({
      code: 'SP_COMPRESSION_DAMAGED',
      message: expect.stringMatching(
        /^\S+short\.gz: the gzip stream is damaged at byte \d+: unexpected end of file; every packet before it was used$/
      )
    })
  })

  test('whose zstd ends too early gives all packets before that', async () => {
    const compressed = execFileSync('zstd', ['-qc'], { input: capture })
    const path = write('short.zst', compressed.subarray(0, -2))

    const { frames, error } = await outcomeOf((take) => readCaptureFile(path, take))

    expect(frames).toBe(3000)
    expect(error).toMatchObject({
      code: 'SP_COMPRESSION_DAMAGED',
      message: expect.stringMatching(
        /short\.zst: the zstd stream is damaged at byte \d+: the stream ends inside a frame; every/
      )
    })
  })
})

describe('a capture stream', () => {
  test('is read in the pieces in which it comes, down to single bytes', async () => {
    const capture = captureOf(3)
    const pieces = Array.from(capture, (_, at) => capture.subarray(at, at + 1))

    const { frames, error } = await outcomeOf((take) =>
      readCaptureStream(Readable.from(pieces), 'a pipe', take)
    )

    expect({ frames, error }).toEqual({ frames: 3, error: null })
  })

  test('may be gzip that is damaged: it cannot be read twice', async () => {
    const compressed = gzipSync(captureOf(3000))
    compressed[compressed.length - 6]! ^= 1

    const { frames, error } = await outcomeOf((take) =>
      readCaptureStream(Readable.from([compressed]), 'a pipe', take)
    )

    expect(frames).toBeLessThan(3000)
    expect(error).toMatchObject({
      code: 'SP_COMPRESSION_DAMAGED',
      message: expect.stringMatching(/^a pipe: the gzip stream .* incorrect data check/)
    })
  })
})

test('a named pipe is read once, even where its gzip is damaged', async () => {
  const compressed = gzipSync(captureOf(3000))
  compressed[compressed.length - 6]! ^= 1
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const writing = writeFile(fifo, compressed)

  const { error } = await outcomeOf((take) => readCaptureFile(fifo, take))

  await writing
  expect(error).toMatchObject({ code: 'SP_COMPRESSION_DAMAGED' })
})

describe('captures that Wireshark wrote', () => {
  test.each(['pcap', 'nsecpcap', 'modpcap', 'pcapng'])('as %s have the same frames', async (format) => {
    const original = write('original.pcap', captureOf(100))
    const converted = join(folder, `converted.${format}`)

    execFileSync('editcap', ['-F', format, original, converted], { stdio: 'ignore' })

    expect(await digestOf(converted)).toBe(await digestOf(original))
  })

  test('by merging two link types have the frames of both', async () => {
    const raw = write('raw.pcap', captureOf(10))
    const ethernet = write('ethernet.pcap', pcap({ linkType: 1 }, [{ seconds: 5, data: countingBytes(60) }]))
    const merged = join(folder, 'merged.pcapng')

    execFileSync('mergecap', ['-w', merged, raw, ethernet], { stdio: 'ignore' })

    const linkTypes: number[] = []
    await readCaptureFile(merged, (reader) => {
      while (reader.next()) linkTypes.push(reader.frame.linkType)
    })
    expect(linkTypes).toEqual([1, ...Array.from({ length: 10 }, () => 101)])
  })
})

describe('capture arguments', () => {
  test('that are folders stand for the captures in them, in order, by magic number or a name that promises one', async () => {
    const root = join(folder, 'arguments')
    for (const path of ['', 'b', 'b/deep', 'empty']) mkdirSync(join(root, path))
    const capture = captureOf(1)
    writeFileSync(join(root, 'z.txt'), capture)
    writeFileSync(join(root, 'a.pcap'), 'no capture')
    writeFileSync(join(root, 'nothing'), '')
    writeFileSync(join(root, 'b', 'text.gz'), gzipSync('no capture'))
    writeFileSync(join(root, 'b', 'c.gz'), gzipSync(capture))
    writeFileSync(join(root, 'b', 'damaged.gz'), Buffer.from('1f8b0800ff', 'hex'))
    writeFileSync(join(root, 'b', 'deep', 'd'), execFileSync('zstd', ['-qc'], { input: capture }))
    symlinkSync(join(root, 'z.txt'), join(root, 'link'))

    const files = await expandCaptureArguments(['-', root, join(root, 'a.pcap'), root])

    const inRoot = ['a.pcap', 'b/c.gz', 'b/damaged.gz', 'b/deep/d', 'link', 'z.txt'].map((path) =>
      join(root, path)
    )
    expect(files).toEqual(['-', ...inRoot, join(root, 'a.pcap'), ...inRoot])
  })

  test('that are folders are read through links, each folder once, and a dangling link is one file', async () => {
    const root = join(folder, 'links')
    const elsewhere = join(folder, 'elsewhere')
    for (const path of [root, join(root, 'own'), elsewhere, join(elsewhere, 'deep')]) mkdirSync(path)
    writeFileSync(join(root, 'own', 'a.pcap'), captureOf(1))
    writeFileSync(join(elsewhere, 'deep', 'b.pcap'), captureOf(1))
    symlinkSync(elsewhere, join(root, 'away'))
    symlinkSync(join(root, 'own'), join(root, 'again'))
    symlinkSync(root, join(elsewhere, 'deep', 'cycle'))
    symlinkSync(join(root, 'loop'), join(root, 'loop'))
    symlinkSync(join(folder, 'nowhere'), join(root, 'dangling'))

    const files = await expandCaptureArguments([root])

    const inRoot = ['away/deep/b.pcap', 'dangling', 'loop', 'own/a.pcap'].map((path) => join(root, path))
    expect(files).toEqual(inRoot)
    await expect(digestOf(files[1]!)).rejects.toMatchObject({ code: 'SP_FILE_UNREADABLE' })
  })

  test('must exist, and a folder must hold a capture', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)

    await expect(expandCaptureArguments([join(folder, 'nowhere')])).rejects.toMatchObject({
      code: 'SP_FILE_UNREADABLE'
    })
    await expect(expandCaptureArguments([empty])).rejects.toMatchObject({
      code: 'SP_CAPTURE_UNKNOWN',
      message: `${empty}: the folder holds no pcap or pcapng, plain, gzip or zstd`
    })
  })
})

describe('the digest of a file', () => {
  test('is the SHA-256 of its bytes', async () => {
    const capture = captureOf(6000)

    expect(await fileDigest(write('digest.pcap', capture))).toBe(
      createHash('sha256').update(capture).digest('hex')
    )
  })
})
