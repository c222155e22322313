import { describe, expect, test } from '@jest/globals'
import { countingBytes, pcap, pcapHeader } from './capture-builder.ts'
import { readAll } from './read-all.ts'

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const KUZNETSOV = 0xa1b2cd34

describe('a classic pcap', () => {
  test.each([
    { order: 'little', magic: MICROSECONDS, nanoseconds: 654_321_000 },
    { order: 'big', magic: MICROSECONDS, nanoseconds: 654_321_000 },
    { order: 'little', magic: NANOSECONDS, nanoseconds: 654_321 },
    { order: 'big', magic: NANOSECONDS, nanoseconds: 654_321 }
  ] as const)('is read in $order byte order with magic $magic', ({ order, magic, nanoseconds }) => {
    const records = [
      { seconds: 1_700_000_000, subSeconds: 654_321, lengths: [20, 1500], data: countingBytes(20) },
      { seconds: 0xffff_ffff, subSeconds: 1, data: countingBytes(0) }
    ] as const

    const { frames, error } = readAll(pcap({ order, magic, linkType: 1 }, records))

    expect(error).toBeNull()
    expect(frames).toEqual([
      {
        number: 1,
        seconds: 1_700_000_000,
        nanoseconds,
        linkType: 1,
        wireLengthBytes: 1500,
        hex: countingBytes(20).toString('hex')
      },
      {
        number: 2,
        seconds: 0xffff_ffff,
        nanoseconds: magic === NANOSECONDS ? 1 : 1000,
        linkType: 1,
        wireLengthBytes: 0,
        hex: ''
      }
    ])
  })

  test('with the patched record header of Kuznetsov is read past its eight more bytes', () => {
    const record = { seconds: 7, subSeconds: 8, extra: Buffer.alloc(8, 0xee), data: countingBytes(30) }

    const { frames, error } = readAll(pcap({ magic: KUZNETSOV, order: 'big' }, [record, record]))

    expect(error).toBeNull()
    expect(frames.map(({ hex }) => hex)).toEqual([
      countingBytes(30).toString('hex'),
      countingBytes(30).toString('hex')
    ])
  })

  test('carries sub-seconds of a second and more into the seconds', () => {
    const data = countingBytes(1)
    const micro = readAll(pcap({}, [{ seconds: 10, subSeconds: 2_000_001, data }]))
    const nano = readAll(
      pcap({ magic: NANOSECONDS }, [{ seconds: 0xffff_ffff, subSeconds: 4_294_967_295, data }])
    )

    expect(micro.frames[0]).toMatchObject({ seconds: 12, nanoseconds: 1000 })
    expect(nano.frames[0]).toMatchObject({ seconds: 0xffff_ffff + 4, nanoseconds: 294_967_295 })
  })

  test.each([
    { version: [2, 0], lengths: [70, 60] },
    { version: [2, 2], lengths: [70, 60] },
    { version: [543, 0], lengths: [70, 60] },
    { version: [2, 3], lengths: [70, 60] },
    { version: [2, 3], lengths: [60, 70] },
    { version: [2, 4], lengths: [60, 70] },
    { version: [3, 0], lengths: [60, 70] }
  ] as const)('of version $version finds the captured length in $lengths', ({ version, lengths }) => {
    const { frames, error } = readAll(pcap({ version }, [{ lengths, data: countingBytes(60) }]))

    expect(error).toBeNull()
    expect(frames).toMatchObject([{ wireLengthBytes: 70, hex: countingBytes(60).toString('hex') }])
  })

  test('may have packets longer than its snapshot length says', () => {
    const { frames, error } = readAll(pcap({ snapLength: 10 }, [{ data: countingBytes(60) }]))

    expect(error).toBeNull()
    expect(frames[0]!.hex).toBe(countingBytes(60).toString('hex'))
  })

  test('takes the link type from the low bits, below the length of the check sequence', () => {
    const { frames, error } = readAll(pcap({ linkType: 0x2400_0001 }, [{ data: countingBytes(60) }]))

    expect(error).toBeNull()
    expect(frames[0]!.linkType).toBe(1)
  })

  test('without packets has no frames and is sound', () => {
    expect(readAll(pcapHeader())).toEqual({ frames: [], error: null })
  })
})

describe('a damaged pcap', () => {
  const good = { data: countingBytes(60) }

  test('gives all packets before the damage and names the byte where it begins', () => {
    const capture = pcap({}, [good, good, { data: Buffer.alloc(0), lengths: [262_145, 262_145] }, good])

    const { frames, error } = readAll(capture)

    expect(frames).toHaveLength(2)
    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message:
        'some.pcap: damaged at byte 176: packet 3 says that it has 262145 captured bytes, more than 262144; the 2 packets before it were used'
    })
  })

  test('may have a packet of 262,144 bytes, which is no damage', () => {
    const { frames, error } = readAll(pcap({}, [{ data: countingBytes(262_144) }]))

    expect(error).toBeNull()
    expect(frames).toHaveLength(1)
  })

  test.each([1, 15, 16, 17, 75])('that ends %d bytes into its second packet says so', (bytes) => {
    const { frames, error } = readAll(pcap({}, [good, good]).subarray(0, 24 + 76 + bytes))

    expect(frames).toHaveLength(1)
    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message:
        'some.pcap: damaged at byte 100: the file ends inside packet 2; the 1 packets before it were used'
    })
  })

  test.each([4, 23])('that ends after %d bytes of its header says so', (bytes) => {
    const { error } = readAll(pcapHeader().subarray(0, bytes))

    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message: `some.pcap: damaged at byte 0: the file ends after ${bytes} of the 24 bytes of the pcap header; no packet was used`
    })
  })

  test('of an unknown version is refused', () => {
    const { error } = readAll(pcap({ version: [1, 2] }, [good]))

    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message: expect.stringContaining('version 1.2')
    })
  })

  test('with reserved bits in its link type is refused', () => {
    const { error } = readAll(pcap({ linkType: 0x0001_0001 }, [good]))

    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message: 'some.pcap: damaged at byte 20: the link type is 0x10001; no packet was used'
    })
  })
})

describe('a pcap of a link type that is not decoded', () => {
  test.each([
    [189, 'USB_LINUX'],
    [147, 'USER0'],
    [65_535, 'unknown']
  ])('%d is refused by number and name at its header', (linkType, name) => {
    const { frames, error } = readAll(pcapHeader({ linkType }))

    expect(frames).toEqual([])
    expect(error).toMatchObject({
      code: 'SP_LINK_TYPE_UNSUPPORTED',
      message: `some.pcap: at byte 20: the packets are of link type ${linkType} (${name}), which is not decoded; leave the file out`
    })
  })
})
