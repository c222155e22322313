import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { HeaderCaptureWriter } from '../../../core/capture/header-capture.ts'
import { countingBytes, pcap } from './capture-builder.ts'
import { readAll } from './read-all.ts'

const NANOSECONDS = 0xa1b23c4d

describe('a header capture', () => {
  test('is a nanosecond pcap of raw IP, byte for byte', () => {
    const writer = new HeaderCaptureWriter()
    const bytes = countingBytes(100)

    writer.add(1_700_000_000, 999_999_999, bytes, 3, 46, 1500)
    writer.add(0xffff_ffff, 0, bytes, 5, 5, 0)

    const data = bytes.subarray(3, 46)
    const expected = pcap({ magic: NANOSECONDS, linkType: 101 }, [
      { seconds: 1_700_000_000, subSeconds: 999_999_999, lengths: [43, 1500], data },
      { seconds: 0xffff_ffff, subSeconds: 0, data: Buffer.alloc(0) }
    ])
    expect(Buffer.from(writer.finish())).toEqual(expected)
    expect(writer.sizeBytes).toBe(expected.length)
  })

  test('gives every packet back, from sources that change and beyond its first memory', () => {
    const packet = fc.record({
      bytes: fc.uint8Array({ maxLength: 300 }),
      cut: fc.nat(300),
      seconds: fc.nat()
    })
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 50 }), (packets) => {
        const writer = new HeaderCaptureWriter()
        for (const { bytes, cut, seconds } of packets) {
          writer.add(seconds, 5, bytes, Math.min(cut, bytes.length), bytes.length, bytes.length)
        }

        const { frames, error } = readAll(writer.finish())

        expect(error).toBeNull()
        expect(frames.map(({ hex }) => hex)).toEqual(
          packets.map(({ bytes, cut }) => Buffer.from(bytes.subarray(cut)).toString('hex'))
        )
        expect(frames.map(({ seconds }) => seconds)).toEqual(packets.map(({ seconds }) => seconds))
      })
    )
  })

  test('grows as far as it must', () => {
    const writer = new HeaderCaptureWriter()
    const packet = countingBytes(200_000)

    for (let count = 0; count < 12; count++) writer.add(count, 0, packet, 0, packet.length, packet.length)

    const { frames, error } = readAll(writer.finish())
    expect(error).toBeNull()
    expect(frames.map(({ seconds }) => seconds)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(new Set(frames.map(({ hex }) => hex))).toEqual(new Set([packet.toString('hex')]))
  })

  test('is a copy that stays as it is when the writer starts the next one', () => {
    const writer = new HeaderCaptureWriter()
    writer.add(1, 2, countingBytes(40), 0, 40, 40)
    const first = writer.finish()
    const before = Buffer.from(first)

    writer.reset()
    writer.add(3, 4, Buffer.alloc(40, 0xee), 0, 40, 40)

    expect(Buffer.from(first)).toEqual(before)
    expect(readAll(writer.finish()).frames).toMatchObject([{ number: 1, seconds: 3 }])
  })

  test('without packets is a capture without frames', () => {
    const writer = new HeaderCaptureWriter()

    expect(readAll(writer.finish())).toEqual({ frames: [], error: null })
  })

  test('is read by tcpdump', () => {
    const writer = new HeaderCaptureWriter()
    const packet = Buffer.from('4500001c00000000401100000a000001cb0071050035003500080000', 'hex')
    writer.add(1_700_000_000, 123_456_789, packet, 0, packet.length, packet.length)

    const lines = execFileSync('tcpdump', ['-ttnnqr', '-', '--nano'], {
      input: writer.finish(),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore']
    })

    expect(lines).toBe('1700000000.123456789 IP 10.0.0.1.53 > 203.0.113.5.53: UDP, length 0\n')
  })
})
