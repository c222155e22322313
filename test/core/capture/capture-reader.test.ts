import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createCaptureReader, isCaptureMagic } from '../../../core/capture/capture-reader.ts'
import { countingBytes, PcapngBlocks, pcap } from './capture-builder.ts'
import { readAll } from './read-all.ts'

function pcapngOf(blocks: PcapngBlocks): Buffer {
  return Buffer.concat([
    blocks.section(),
    blocks.interface({
      linkType: 1,
      options: [blocks.option(9, Buffer.from([9])), blocks.option(14, Buffer.alloc(8))]
    }),
    blocks.packet({ time: 1_700_000_000_000_000_000n, data: countingBytes(60) }),
    blocks.block(5, Buffer.alloc(20)),
    blocks.simplePacket({ data: countingBytes(33) }),
    blocks.obsoletePacket({ time: 5n, data: countingBytes(60) }),
    blocks.section(),
    blocks.interface({ linkType: 113, snapLength: 96 }),
    blocks.packet({ time: 2n ** 63n, data: countingBytes(90) })
  ])
}

const records = [60, 0, 1, 590].map((length) => ({
  seconds: length,
  subSeconds: 5,
  data: countingBytes(length)
}))
const seeds: readonly Buffer[] = [
  pcap({ linkType: 1 }, records),
  pcap({ order: 'big', magic: 0xa1b23c4d, version: [2, 3] }, records),
  pcapngOf(new PcapngBlocks('little')),
  pcapngOf(new PcapngBlocks('big'))
]

const mutation = fc.record({
  at: fc.nat(1_000_000),
  value: fc.constantFrom(0, 1, 2, 4, 6, 0x0a, 0x7f, 0x80, 0xff)
})
const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 6 }), fc.nat(40))
  .map(([seed, mutations, cut]) => {
    const capture = Buffer.from(seed.subarray(0, Math.max(0, seed.length - cut)))
    for (const { at, value } of mutations) if (capture.length > 0) capture[at % capture.length] = value
    return capture
  })

describe('a capture reader', () => {
  test('gives the same frames and the same error however the input is cut into chunks', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.constantFrom(...seeds)), sizes, (capture, chunkSizes) => {
        const whole = readAll(capture)

        const cut = readAll(capture, chunkSizes)

        expect(cut.frames).toEqual(whole.frames)
        expect(cut.error?.message).toBe(whole.error?.message)
      }),
      { numRuns: 600 }
    )
  })

  test('reads sound captures byte by byte', () => {
    for (const seed of seeds) {
      const { frames, error } = readAll(seed, [1])

      expect(error).toBeNull()
      expect(frames).toHaveLength(4)
    }
  })

  test('ends any bytes with frames or with an error of its own, and holds frames inside their chunk', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 400 })), (capture) => {
        const { frames, error } = readAll(capture)

        const given = frames.reduce((sum, { hex }) => sum + hex.length / 2, 0)
        expect(given).toBeLessThanOrEqual(capture.length)
        expect(frames.map(({ number }) => number)).toEqual(frames.map((_, index) => index + 1))
        if (error !== null) expect(error.message).toMatch(/^some\.pcap: .*at byte \d+: [^\n]+$/)
      }),
      { numRuns: 1500 }
    )
  })

  test('says the same again when it is asked again after damage', () => {
    const reader = createCaptureReader('some.pcap')
    reader.push(pcap({}, [{ data: Buffer.alloc(0), lengths: [1_000_000, 1] }]))

    expect(() => reader.next()).toThrow('damaged at byte 24')
    expect(() => reader.next()).toThrow('damaged at byte 24')
  })

  test('uses a chunk where it lies as long as nothing is left over', () => {
    const reader = createCaptureReader('some.pcap')
    const capture = pcap({}, [{ data: countingBytes(60) }])

    reader.push(capture)

    expect(reader.next()).toBe(true)
    expect(reader.frame.bytes).toBe(capture)
  })

  test.each([
    ['nothing', Buffer.alloc(0), 'it has only 0 bytes'],
    ['three bytes', Buffer.from([0xd4, 0xc3, 0xb2]), 'it has only 3 bytes'],
    ['text', Buffer.from('file\tset'), 'it starts with the bytes 66696c65'],
    ['zeros', Buffer.alloc(64), 'it starts with the bytes 00000000']
  ])('refuses %s by its first bytes', (_, bytes, why) => {
    expect(readAll(bytes)).toMatchObject({
      frames: [],
      error: {
        code: 'SP_CAPTURE_UNKNOWN',
        message: `some.pcap: at byte 0: neither pcap nor pcapng, plain, gzip or zstd: ${why}`
      }
    })
  })

  test('knows captures by their first four bytes', () => {
    expect(seeds.map((seed) => isCaptureMagic(seed))).toEqual([true, true, true, true])
    expect(seeds.map((seed) => isCaptureMagic(seed.subarray(0, 3)))).toEqual([false, false, false, false])
    expect(isCaptureMagic(Buffer.from('\x1f\x8b\x08\x00', 'latin1'))).toBe(false)
  })
})
