import { describe, expect, test } from '@jest/globals'
import { assert, asyncProperty, constantFrom, integer, option, record, string, uniqueArray } from 'fast-check'
import type { Format } from '../../../cli/output/format.ts'
import { PACKET_FIELDS, packetValues } from '../../../cli/output/packet-fields.ts'
import { PacketLines, type RejectedLine } from '../../../cli/output/packet-lines.ts'
import type { EnrichedBatch } from '../../../core/batch/enriched-batch.ts'
import { formatDestination, formatSource } from '../../../core/headers/address.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { packRegion } from '../../../core/packets/region-code.ts'
import { FRAME_REJECT_REASONS } from '../../../core/packets/reject-reason.ts'
import { TAG_RULES } from '../../../core/tags/rules.ts'
import { enriched, PACKET } from '../../core/counts/random-batches.ts'
import { CollectedSink, parseLines } from '../collected-output.ts'

const word = integer({ min: 0, max: 2 ** 32 - 1 })
const packet = record({
  frame: integer({ min: 1, max: 5000 }),
  seconds: word,
  nanoseconds: integer({ min: 0, max: 999_999_999 }),
  ipVersion: constantFrom(4, 6),
  words: constantFrom(
    [0, 0, 0, 0],
    [0xc0000201, 0, 0, 1],
    [0x20010db8, 0, 0, 0xffffffff],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]
  ),
  protocol: integer({ min: 0, max: 255 }),
  ports: option(integer({ min: 0, max: 65_535 }), { nil: -1 }),
  icmp: option(integer({ min: 0, max: 255 }), { nil: -1 }),
  tcpFlags: option(integer({ min: 0, max: 4095 }), { nil: -1 }),
  tcpSeq: option(word, { nil: -1 }),
  ipId: option(integer({ min: 0, max: 65_535 }), { nil: -1 }),
  ttl: integer({ min: 0, max: 255 }),
  ipLength: integer({ min: 0, max: 65_575 }),
  tags: integer({ min: 0, max: 4095 }),
  region: constantFrom('JP', 'ZZ', 'KR'),
  asn: word
})
type Packet = typeof packet extends { generate: (...args: never[]) => { value: infer T } } ? T : never

function batchOf(file: string | null, packets: readonly Packet[]): EnrichedBatch {
  const columns = new PacketColumns(Math.max(1, packets.length))
  columns.length = packets.length
  for (const [row, one] of packets.entries()) {
    columns.frame[row] = one.frame
    columns.seconds[row] = one.seconds
    columns.nanoseconds[row] = one.nanoseconds
    columns.ipVersion[row] = one.ipVersion
    columns.src.set(one.words, row * 4)
    columns.dst.set([...one.words].reverse(), row * 4)
    columns.protocol[row] = one.protocol
    columns.srcPort[row] = one.ports
    columns.dstPort[row] = one.ports
    columns.icmpType[row] = one.icmp
    columns.icmpCode[row] = one.icmp === 0 ? -1 : one.icmp
    columns.tcpFlags[row] = one.tcpFlags
    columns.tcpSeq[row] = one.tcpSeq
    columns.ipId[row] = one.ipId
    columns.ttl[row] = one.ttl
    columns.ipLength[row] = one.ipLength
    columns.tags[row] = one.tags
    columns.region[row] = packRegion(one.region)
    columns.asn[row] = one.asn
  }
  return { ...enriched({ sensor: 'local', vantages: ['all'], packets: [] }), file, packets: columns }
}

async function print(
  format: Format,
  batches: readonly (readonly [EnrichedBatch, readonly RejectedLine[]])[]
): Promise<CollectedSink> {
  const sink = new CollectedSink()
  const lines = new PacketLines(format, sink, ['a.pcap'])
  await lines.start()
  for (const [batch, rejected] of batches) await lines.add(batch, rejected)
  await lines.end()
  return sink
}

function absent(value: number): number | null {
  return value === -1 ? null : value
}

/** A packet as the design says, built without the writer's code. */
function expectedRecord(
  file: string | null,
  { packets }: EnrichedBatch,
  row: number
): Record<string, unknown> {
  const time = new Date(packets.seconds[row]! * 1000).toISOString().slice(0, 19)
  return {
    file,
    frame: packets.frame[row],
    timestamp: `${time}.${String(packets.nanoseconds[row]).padStart(9, '0')}Z`,
    src: formatSource(packets, row),
    dst: formatDestination(packets, row),
    protocol: packets.protocol[row],
    src_port: absent(packets.srcPort[row]!),
    dst_port: absent(packets.dstPort[row]!),
    icmp_type: absent(packets.icmpType[row]!),
    icmp_code: absent(packets.icmpCode[row]!),
    tcp_flags: absent(packets.tcpFlags[row]!),
    tcp_seq: absent(packets.tcpSeq[row]!),
    ip_id: absent(packets.ipId[row]!),
    ttl: packets.ttl[row],
    ip_length: packets.ipLength[row],
    tags: TAG_RULES.filter(({ bit }) => (packets.tags[row]! & (1 << bit)) !== 0).map(({ id }) => id),
    region: String.fromCharCode(packets.region[row]! >> 8, packets.region[row]! & 255),
    asn: packets.asn[row],
    rejected: null
  }
}

const packetsInOrder = uniqueArray(packet, { selector: ({ frame }) => frame, maxLength: 20 }).map((packets) =>
  packets.toSorted((a, b) => a.frame - b.frame)
)
const file = constantFrom('a.pcap', '-', 'with "quotes" and \\', '日本/キャプチャ.pcap', 'line\nbreak', null)

describe('records of packets', () => {
  test('ndjson has every field of every packet, exactly', async () => {
    await assert(
      asyncProperty(file, packetsInOrder, async (file, packets) => {
        const batch = batchOf(file, packets)

        const { text } = await print('ndjson', [[batch, []]])

        expect(parseLines(text)).toEqual(packets.map((_, row) => expectedRecord(file, batch, row)))
      }),
      { numRuns: 200 }
    )
  })

  test('fields stand in the order of the documented list', async () => {
    const { text } = await print('ndjson', [[batchWithFrames([1]), [{ frame: 2, reason: 'not-ip' }]]])

    for (const line of parseLines(text)) expect(Object.keys(line)).toEqual([...PACKET_FIELDS])
  })

  test('a rejected frame stands among the packets by its number, all else null', async () => {
    const rejected = [
      { frame: 1, reason: 'not-ip' },
      { frame: 4, reason: 'ip-version' },
      { frame: 7, reason: 'clock' }
    ]
    const { text } = await print('ndjson', [[batchWithFrames([2, 3, 5, 6]), rejected]])
    const lines = parseLines(text)

    expect(lines.map(({ frame }) => frame)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(lines[3]).toEqual({
      ...Object.fromEntries(PACKET_FIELDS.map((field) => [field, null])),
      file: 'a.pcap',
      frame: 4,
      rejected: 'ip-version'
    })
  })

  test('json is one array of the same records', async () => {
    const batches = [
      [batchWithFrames([1, 2]), []] as const,
      [batchWithFrames([4]), [{ frame: 3, reason: 'not-ip' }]] as const
    ]

    const { text } = await print('json', batches)

    expect(JSON.parse(text)).toEqual(parseLines((await print('ndjson', batches)).text))
    expect(JSON.parse((await print('json', [])).text)).toEqual([])
  })

  test('csv has a line of names, empty fields for what is absent, and quotes where needed', async () => {
    const { text } = await print('csv', [
      [{ ...batchWithFrames([1]), file: 'a,"b".pcap' }, [{ frame: 2, reason: 'not-ip' }]]
    ])
    const [head, first, second, end] = text.split('\r\n')

    expect(head).toBe(PACKET_FIELDS.join(','))
    expect(first).toBe(
      '"a,""b"".pcap",1,1970-01-01T00:00:00.000000000Z,198.51.100.1,0.0.0.0,6,,23,0,0,0,0,0,0,0,mirai zmap,JP,4766,'
    )
    expect(second).toBe('"a,""b"".pcap",2,,,,,,,,,,,,,,,,,not-ip')
    expect(end).toBe('')
  })

  test('a table has its columns under their names', async () => {
    const { text } = await print('table', [[batchWithFrames([1, 2]), [{ frame: 3, reason: 'not-ip' }]]])
    const lines = text.trimEnd().split('\n')

    expect(lines.length).toBe(4)
    expect(lines[0]!.indexOf('src ')).toBe(lines[1]!.indexOf('198.51.100.1'))
    expect(lines[3]).toMatch(/^a\.pcap {2} {6}3 {2}-.* {2}not-ip$/)
  })

  test('a long output leaves in pieces, and no record is torn or lost', async () => {
    const file = `${'/long'.repeat(2000)}.pcap`
    const frames = Array.from({ length: 3000 }, (_, i) => i + 1)
    const sink = await print('ndjson', [[{ ...batchWithFrames(frames), file }, []]])

    expect(parseLines(sink.text).map(({ frame }) => frame)).toEqual(frames)
    expect(sink.largestChunkBytes).toBeLessThan(150_000)
  })

  test('a file name longer than the buffer is printed whole', async () => {
    const file = 'x'.repeat(200_000)
    const { text } = await print('ndjson', [[{ ...batchWithFrames([1, 2]), file }, []]])

    expect(parseLines(text).map((line) => line['file'])).toEqual([file, file])
  })

  test('every reason of rejection is printed as it is', async () => {
    const rejected = FRAME_REJECT_REASONS.map((reason, i) => ({ frame: i + 1, reason }))
    const { text } = await print('ndjson', [[batchWithFrames([]), rejected]])

    expect(parseLines(text).map((line) => line['rejected'])).toEqual([...FRAME_REJECT_REASONS])
  })

  test('the values of csv and tables are those of json', async () => {
    await assert(
      asyncProperty(packetsInOrder, async (packets) => {
        const batch = batchOf('a.pcap', packets)
        for (const row of packets.keys()) {
          const expected = expectedRecord('a.pcap', batch, row)
          const tags = (expected['tags'] as string[]).join(' ')

          expect(packetValues('a.pcap', batch.packets, row)).toEqual(Object.values({ ...expected, tags }))
        }
      }),
      { numRuns: 20 }
    )
  })

  test('names with control characters do not reach the terminal', async () => {
    await assert(
      asyncProperty(string({ unit: 'binary' }), async (name) => {
        const { text } = await print('table', [[{ ...batchWithFrames([1]), file: `a${name}` }, []]])

        expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
      }),
      { numRuns: 50 }
    )
  })
})

/** Packets with these frame numbers, otherwise equal. */
function batchWithFrames(frames: readonly number[]): EnrichedBatch {
  const packets = frames.map(() => ({ ...PACKET, tags: 3 }))
  const batch = enriched({ sensor: 'local', vantages: ['all'], packets })
  batch.packets.frame.set(frames)
  return { ...batch, file: 'a.pcap' }
}
