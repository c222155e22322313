// zstd (RFC 8878) as a stream of one or several frames. fzstd decodes the blocks; frames, lengths and checksums are
// read here, so that memory is bounded, a stream that ends too early is noticed, and a flipped bit too.
import { Decompress } from 'fzstd'
import { ByteQueue } from './byte-queue.ts'
import { Xxh64 } from './xxh64.ts'

const FRAME_MAGIC = 0xfd2fb528
/** Skippable frames have 16 magic numbers from here on. */
const FIRST_SKIPPABLE_MAGIC = 0x184d2a50
/** The largest window that is decoded, as of the zstd command without --long=28 or more. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024
const MAX_BLOCK_BYTES = 128 * 1024
const BLOCK_HEADER_BYTES = 3
const BLOCK_TYPE = { raw: 0, runLength: 1, compressed: 2 } as const

/** The stream is damaged, ends too early, or needs what cannot be had (a dictionary, a window over 128 MiB). */
export class ZstdError extends Error {
  /** Offset in the compressed input of the frame or block at fault. */
  readonly offset: number

  constructor(offset: number, reason: string) {
    super(reason)
    this.name = 'ZstdError'
    this.offset = offset
  }
}

/** Decompresses. Throws ZstdError once all blocks before the damage were given. */
export async function* unzstd(
  chunks: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new ByteQueue(chunks)
  try {
    while (await input.has(1)) {
      const offset = input.offset
      const magic = uint32(await take(input, 4, offset))
      if (magic === FRAME_MAGIC) yield* unzstdFrame(input, offset)
      else if (isSkippable(magic)) await skipFrame(input, offset)
      else throw new ZstdError(offset, 'what follows the frame is no zstd frame')
    }
  } finally {
    await input.close()
  }
}

/** Whether a stream that starts with these 4 bytes is zstd. */
export function isZstdMagic(bytes: Uint8Array): boolean {
  const magic = uint32(bytes)
  return magic === FRAME_MAGIC || isSkippable(magic)
}

function isSkippable(magic: number): boolean {
  return magic - (magic & 0xf) === FIRST_SKIPPABLE_MAGIC
}

async function skipFrame(input: ByteQueue, offset: number): Promise<void> {
  const lengthBytes = uint32(await take(input, 4, offset))
  if (!(await input.skip(lengthBytes)))
    throw new ZstdError(offset, 'the stream ends inside a skippable frame')
}

/** One frame whose magic number was taken. */
async function* unzstdFrame(
  input: ByteQueue,
  frameOffset: number
): AsyncGenerator<Uint8Array, void, undefined> {
  const header = await takeHeader(input, frameOffset)
  const hash = header.hasChecksum ? new Xxh64() : null
  let output: Uint8Array[] = []
  const decoder = new Decompress((bytes) => {
    if (bytes.length > 0) output.push(bytes)
  })
  let prefix = header.bytes
  for (let isLast = false; !isLast; ) {
    const offset = input.offset
    const block = await takeBlock(input, offset)
    isLast = (block[0]! & 1) === 1
    try {
      decoder.push(prefix.length > 0 ? Buffer.concat([prefix, block]) : block, isLast)
    } catch (error) {
      throw new ZstdError(
        offset,
        `a block is damaged (${error instanceof Error ? error.message : String(error)})`
      )
    }
    prefix = NOTHING
    for (const bytes of output) {
      hash?.update(bytes)
      yield bytes
    }
    output = []
  }
  if (hash === null) return
  const offset = input.offset
  if (uint32(await take(input, 4, offset)) !== hash.digestLow32()) {
    throw new ZstdError(offset, 'the checksum of a frame is not that of its contents')
  }
}

const NOTHING = new Uint8Array(0)

interface FrameHeader {
  /** The header for the decoder: without the flag that says that a checksum follows. */
  readonly bytes: Uint8Array
  readonly hasChecksum: boolean
}

async function takeHeader(input: ByteQueue, offset: number): Promise<FrameHeader> {
  const descriptor = (await take(input, 1, offset))[0]!
  if ((descriptor & 0x08) !== 0) throw new ZstdError(offset, 'a frame header has its reserved bit set')
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  const windowBytes = isSingleSegment ? 0 : 1
  const rest = await take(input, windowBytes + dictionaryBytes + sizeBytes, offset)

  if (rest.subarray(windowBytes, windowBytes + dictionaryBytes).some((byte) => byte !== 0)) {
    throw new ZstdError(offset, 'the stream needs a dictionary')
  }
  const window = isSingleSegment ? contentSize(rest.subarray(dictionaryBytes)) : windowSize(rest[0]!)
  if (window > MAX_WINDOW_BYTES) {
    throw new ZstdError(offset, `the stream needs a window of ${window} bytes, more than ${MAX_WINDOW_BYTES}`)
  }
  const bytes = new Uint8Array(5 + rest.length)
  new DataView(bytes.buffer).setUint32(0, FRAME_MAGIC, true)
  bytes[4] = descriptor & ~0x04
  bytes.set(rest, 5)
  return { bytes, hasChecksum: (descriptor & 0x04) !== 0 }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** Frame_Content_Size, little-endian in 1, 2, 4 or 8 bytes; in 2 bytes it has an offset of 256. */
function contentSize(field: Uint8Array): number {
  const size = field.reduceRight((sum, byte) => sum * 256 + byte, 0)
  return field.length === 2 ? size + 256 : size
}

/** The next block with its header. */
async function takeBlock(input: ByteQueue, offset: number): Promise<Uint8Array> {
  if (!(await input.has(BLOCK_HEADER_BYTES))) throw new ZstdError(offset, 'the stream ends inside a frame')
  const header = input.peek(BLOCK_HEADER_BYTES)
  const type = (header[0]! >> 1) & 3
  const statedBytes = (header[0]! >> 3) | (header[1]! << 5) | (header[2]! << 13)
  if (type > BLOCK_TYPE.compressed || statedBytes > MAX_BLOCK_BYTES) {
    throw new ZstdError(offset, 'a block header is damaged')
  }
  return await take(input, BLOCK_HEADER_BYTES + (type === BLOCK_TYPE.runLength ? 1 : statedBytes), offset)
}

async function take(input: ByteQueue, count: number, offset: number): Promise<Uint8Array> {
  if (!(await input.has(count))) throw new ZstdError(offset, 'the stream ends inside a frame')
  return input.take(count)
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}
