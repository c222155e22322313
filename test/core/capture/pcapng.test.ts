import { describe, expect, test } from '@jest/globals'
import { countingBytes, PcapngBlocks } from './capture-builder.ts'
import { readAll } from './read-all.ts'

const little = new PcapngBlocks('little')
const big = new PcapngBlocks('big')
const data = countingBytes(61)
const hex = data.toString('hex')
const TIME_RESOLUTION = 9
const TIME_OFFSET = 14

describe.each([little, big])('a pcapng in $order byte order', (blocks) => {
  test('gives the packets of enhanced, obsolete and simple packet blocks', () => {
    const capture = Buffer.concat([
      blocks.section(),
      blocks.interface({ linkType: 1 }),
      blocks.interface({ linkType: 228, options: [blocks.option(TIME_RESOLUTION, Buffer.from([9]))] }),
      blocks.packet({ id: 1, time: 1_700_000_000_123_456_789n, wire: 1500, data }),
      blocks.obsoletePacket({ id: 0, time: 1_700_000_000_123_456n, drops: 7, data }),
      blocks.simplePacket({ data })
    ])

    const { frames, error } = readAll(capture)

    expect(error).toBeNull()
    expect(frames).toEqual([
      {
        number: 1,
        seconds: 1_700_000_000,
        nanoseconds: 123_456_789,
        linkType: 228,
        wireLengthBytes: 1500,
        hex
      },
      { number: 2, seconds: 1_700_000_000, nanoseconds: 123_456_000, linkType: 1, wireLengthBytes: 61, hex },
      { number: 3, seconds: 0, nanoseconds: 0, linkType: 1, wireLengthBytes: 61, hex }
    ])
  })

  test('may call itself 1.2, as some writers do', () => {
    const { frames, error } = readAll(
      Buffer.concat([blocks.section(1, 2), blocks.interface(), blocks.packet({ data })])
    )

    expect(error).toBeNull()
    expect(frames).toMatchObject([{ number: 1, hex }])
  })

  test('may leave padding out of the lengths of blocks, as some writers do', () => {
    const unpadded = { opening: 93, closing: 93 }
    const { frames, error } = readAll(
      Buffer.concat([
        blocks.section(),
        blocks.interface(),
        blocks.block(6, blocks.packet({ data }).subarray(8, -4), unpadded),
        blocks.block(0xbad, Buffer.alloc(84), unpadded),
        blocks.packet({ data })
      ])
    )

    expect(error).toBeNull()
    expect(frames).toMatchObject([
      { number: 1, hex },
      { number: 2, hex }
    ])
  })

  test('cuts a simple packet at the snapshot length of the first interface', () => {
    const capture = Buffer.concat([
      blocks.section(),
      blocks.interface({ snapLength: 40 }),
      blocks.simplePacket({ wire: 1500, data: countingBytes(40) })
    ])

    const { frames, error } = readAll(capture)

    expect(error).toBeNull()
    expect(frames).toMatchObject([{ wireLengthBytes: 1500, hex: countingBytes(40).toString('hex') }])
  })

  test('adds the time offset of the interface', () => {
    const offset = Buffer.alloc(8)
    if (blocks.order === 'little') offset.writeBigInt64LE(-5n)
    else offset.writeBigInt64BE(-5n)
    const capture = Buffer.concat([
      blocks.section(),
      blocks.interface({
        options: [blocks.option(2, Buffer.from('eth0')), blocks.option(TIME_OFFSET, offset)]
      }),
      blocks.packet({ time: 1_000_001n, data }),
      blocks.packet({ time: 10_000_001n, data })
    ])

    const { frames } = readAll(capture)

    expect(frames.map(({ seconds, nanoseconds }) => [seconds, nanoseconds])).toEqual([
      [-4, 1000],
      [5, 1000]
    ])
  })

  test('skips blocks that hold no packets, however long', () => {
    const capture = Buffer.concat([
      blocks.section(),
      blocks.block(4, Buffer.alloc(4)),
      blocks.interface(),
      blocks.block(0x0bad, Buffer.alloc(17 * 1024 * 1024)),
      blocks.packet({ data }),
      blocks.block(5, Buffer.alloc(12))
    ])

    const { frames, error } = readAll(capture, [100_000])

    expect(error).toBeNull()
    expect(frames).toHaveLength(1)
  })

  test('may go on with a section in the other byte order and with interfaces of its own', () => {
    const other = blocks.order === 'little' ? big : little
    const capture = Buffer.concat([
      blocks.section(),
      blocks.interface({ linkType: 1 }),
      blocks.packet({ data }),
      other.section(),
      other.interface({ linkType: 101 }),
      other.packet({ data })
    ])

    const { frames, error } = readAll(capture)

    expect(error).toBeNull()
    expect(frames.map(({ linkType }) => linkType)).toEqual([1, 101])
  })
})

describe('a damaged pcapng', () => {
  const start = [little.section(), little.interface()]
  const packet = little.packet({ data })
  /** Offset of what follows section, interface and one packet. */
  const offset = 28 + 20 + packet.length

  test.each([
    {
      what: 'a block too short to be one',
      bytes: little.block(0xbad, Buffer.alloc(8), { opening: 8 }),
      reason: 'a block says that it has 8 bytes, which cannot be'
    },
    {
      what: 'a block that has no padding',
      bytes: little.block(6, Buffer.alloc(81)),
      reason: 'the file ends inside a block'
    },
    {
      what: 'lengths at both ends of a packet block that differ',
      bytes: little.block(6, Buffer.alloc(80), { closing: 4 }),
      reason: 'a block says at its start that it has 92 bytes, and at its end 4'
    },
    {
      what: 'lengths at both ends of another block that differ',
      bytes: little.block(0xbad, Buffer.alloc(8), { closing: 24 }),
      reason: 'a block says at its start that it has 20 bytes, and at its end 24'
    },
    {
      what: 'a packet of an interface that is not described',
      bytes: little.packet({ id: 1, data }),
      reason: 'a packet is of interface 1, but the section describes 1'
    },
    {
      what: 'a packet longer than its block',
      bytes: little.packet({ captured: 65, data }),
      reason: 'packet 2 says that it has 65 captured bytes, more than 64'
    },
    {
      what: 'a packet longer than any',
      bytes: little.packet({ data: countingBytes(262_145) }),
      reason: 'packet 2 says that it has 262145 captured bytes, more than 262144'
    },
    {
      what: 'a simple packet longer than its block',
      bytes: little.simplePacket({ wire: 65, data }),
      reason: 'packet 2 says that it has 65 captured bytes, more than 64'
    },
    {
      what: 'a packet block without room for its fields',
      bytes: little.block(6, Buffer.alloc(12)),
      reason: 'a packet block has only 24 bytes'
    },
    {
      what: 'a packet block longer than any is held',
      bytes: little.block(6, Buffer.alloc(100), { opening: 0x7fff_fff0 }),
      reason: 'a block says that it has 2147483632 bytes, more than 16777216'
    },
    {
      what: 'an interface whose option is longer than its block',
      bytes: little.interface({ options: [Buffer.from([2, 0, 100, 0])] }),
      reason: 'an interface description block is cut short'
    },
    {
      what: 'an interface whose options end with more than its block',
      bytes: little.interface({ options: [Buffer.from([0, 0, 1, 0])] }),
      reason: 'an interface description block is cut short'
    },
    {
      what: 'an interface block without room for its fields',
      bytes: little.block(1, Buffer.alloc(4)),
      reason: 'an interface description block is cut short'
    },
    {
      what: 'a section header without its byte order',
      bytes: little.block(0x0a0d0d0a, Buffer.alloc(16)),
      reason: 'a section header block has no byte-order magic'
    },
    {
      what: 'a section of another version',
      bytes: little.section(2),
      reason: 'pcapng version 2.0 is not known'
    },
    {
      what: 'a section of another minor version',
      bytes: little.section(1, 1),
      reason: 'pcapng version 1.1 is not known'
    },
    {
      what: 'an end inside a packet',
      bytes: packet.subarray(0, packet.length - 1),
      reason: 'the file ends inside a block'
    },
    {
      what: 'an end inside a block header',
      bytes: packet.subarray(0, 3),
      reason: 'the file ends inside a block'
    },
    {
      what: 'an end inside another block',
      bytes: little.block(0xbad, Buffer.alloc(800)).subarray(0, 100),
      reason: 'the file ends inside a block'
    },
    {
      what: 'an end before the closing length of another block',
      bytes: little.block(0xbad, Buffer.alloc(8)).subarray(0, 17),
      reason: 'the file ends inside a block'
    }
  ])('with $what gives the packets before it and says so', ({ bytes, reason }) => {
    const { frames, error } = readAll(Buffer.concat([...start, packet, bytes]))

    expect(frames).toHaveLength(1)
    expect(error).toMatchObject({
      code: 'SP_CAPTURE_DAMAGED',
      message: `some.pcap: damaged at byte ${offset}: ${reason}; the 1 packets before it were used`
    })
  })
})

describe('a pcapng with link types that are not decoded', () => {
  const usb = little.interface({ linkType: 189 })
  const ethernet = little.interface({ linkType: 1 })

  test('loses only the packets of those, also where one that is decoded is described behind them', () => {
    const file = [usb, little.packet({ data }), ethernet, little.packet({ id: 1, data })]
    const { frames, error } = readAll(Buffer.concat([little.section(), ...file]))

    expect(error).toBeNull()
    expect(frames.map(({ linkType }) => linkType)).toEqual([189, 1])
  })

  test('is refused at its first packet where no interface so far is decoded', () => {
    const { frames, error } = readAll(
      Buffer.concat([little.section(), usb, usb, little.packet({ id: 1, data })])
    )

    expect(frames).toEqual([])
    expect(error).toMatchObject({
      code: 'SP_LINK_TYPE_UNSUPPORTED',
      message:
        'some.pcap: at byte 68: the packets are of link type 189 (USB_LINUX), which is not decoded; leave the file out'
    })
  })

  test('gives the frames of every interface where one is decoded', () => {
    const capture = Buffer.concat([
      little.section(),
      usb,
      ethernet,
      little.packet({ id: 0, data: countingBytes(300_000) }),
      little.packet({ id: 1, data })
    ])

    const { frames, error } = readAll(capture)

    expect(error).toBeNull()
    expect(frames.map(({ linkType }) => linkType)).toEqual([189, 1])
  })
})
