// Every capture at hand, at the command line: `tag` beside capinfos, tshark and tcpdump, and `counts` beside the sums
// of what `tag` prints.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { parseLines, stormpetrel } from '../cli/collected-output.ts'
import { packetsByCapinfos, packetsByTcpdump } from './oracle/capinfos.ts'
import { type CaptureAtHand, capturesAtHand, capturesIn, ELSEWHERE, SAMPLES } from './oracle/captures.ts'
import { FILTERS, isIpv4, TAG_FILTERS } from './oracle/filters.ts'
import { type CountRow, type Dimension, recount, sorted } from './oracle/recount.ts'
import { headersOf, type PacketHeaders, type Tagged, type TagRecord, tag } from './oracle/tag-record.ts'
import { packetsByTshark, type TsharkPacket } from './oracle/tshark-packets.ts'

test('the captures that others made are there where CI is set', () => {
  expect(process.env.CI === undefined || process.env.CI === '' || existsSync(ELSEWHERE)).toBe(true)
})

test('our own recordings are there', () => {
  expect(capturesIn(SAMPLES).length).toBeGreaterThanOrEqual(6)
})

const LAST_NANOSECOND = 2n ** 32n * 1_000_000_000n - 1n

/** Nanoseconds since 1970 of a record's time. */
function timeNsOf({ timestamp }: TagRecord): bigint {
  const [seconds, fraction] = timestamp!.split('.') as [string, string]
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.slice(0, 9))
}

describe.each(capturesAtHand())('$name', (capture) => {
  let tagged: Tagged
  let packets: readonly TagRecord[]
  beforeAll(async () => {
    tagged = await tag(capture.path)
    packets = tagged.records.filter(({ rejected }) => rejected === null)
  })

  test('has one record for each packet that capinfos counts, numbered in order', () => {
    const count = packetsByCapinfos(capture.plainPath) ?? packetsByTcpdump(capture.plainPath).packets

    const numbers = tagged.records.map(({ frame }) => frame)
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    expect(tagged.records.every(({ file }) => file === capture.path)).toBe(true)
  })

  test('has the fields that tshark reads', () => {
    const theirs = packetsByTshark(capture.plainPath)

    expect(tagged.records.length).toBe(theirs.length)
    const read = theirs.map((packet, i) => readByTshark(capture, tagged.records[i]!, packet))
    expect(tagged.records.map(comparable)).toEqual(read)
  })

  test('has the tags of the same rules over its fields, and as many as the filters of tcpdump pass', () => {
    for (const name of TAG_FILTERS) {
      const byTag = packets.filter(({ tags }) => tags!.includes(name)).map(({ frame }) => frame)
      const byFields = packets.filter(FILTERS[name].matches).map(({ frame }) => frame)
      expect([name, byTag]).toEqual([name, byFields])
    }
    const ipv4 = packets.filter(isIpv4)
    const seen = packetsByTcpdump(capture.plainPath, 'ip')
    const name = basename(capture.path)
    expect([name, seen.isWhole && seen.packets === ipv4.length]).toEqual([name, !UNSEEN_BY_FILTERS.has(name)])
    if (UNSEEN_BY_FILTERS.has(name)) return
    for (const [name, { tcpdump, matches }] of Object.entries(FILTERS)) {
      const passed = packetsByTcpdump(capture.plainPath, tcpdump).packets
      expect([name, ipv4.filter(matches).length]).toEqual([name, passed])
    }
  })

  test.each<readonly [Dimension[]]>([
    [['port']],
    [['protocol']],
    [['tag']],
    [['region', 'asn']],
    [['tag', 'port', 'region']]
  ])('has the sums of its records as counts by %j', async (by) => {
    const args = ['--window', 'all,day,hour,minute', '--by', by.join(','), '--sources']
    const { stdout, stderr, exitCode } = await stormpetrel(['counts', capture.path, ...args])

    const expected = recount(packets, { by, hasSources: true, windowsOf: everyWindow })
    expect(sorted(parseLines(stdout) as CountRow[])).toEqual(sorted(expected))
    expect([exitCode, stderr]).toEqual([tagged.exitCode, tagged.stderr])
  })
})

describe.each([
  ['the captures that others made', ELSEWHERE],
  ['our own recordings', SAMPLES]
])('expected.tsv of %s', (_, folder) => {
  test.each(expectedOf(folder))('is right about $file', async (expected) => {
    const { records } = await tag(join(folder, expected.file!))
    const packets = records.filter(({ rejected }) => rejected === null)

    const frames = expected.pkts_capinfos ?? expected.packets
    expect(String(records.length)).toBe(frames === 'NA' ? expected.pkts_tcpdump : frames)
    const ipv4 = packets.filter(isIpv4)
    const isSeen = Number(expected.ip4 ?? expected.ipv4) === ipv4.length
    expect([expected.file, isSeen]).toEqual([expected.file, expected.file !== WITH_IMPOSSIBLE_TIMES])
    if (!isSeen) return
    const counted = expected.ip4 === undefined ? packets : ipv4
    for (const [name, { matches }] of Object.entries(FILTERS)) {
      expect([name, String(counted.filter(matches).length)]).toEqual([name, expected[name] ?? null])
    }
    for (const name of TAG_FILTERS) {
      const tagsOfName = packets.filter(({ tags }) => tags!.includes(name)).length
      expect([name, String(tagsOfName)]).toEqual([name, expected[name]])
    }
  })
})

/**
 * Captures whose packets plain filters of tcpdump do not all see: under tags and tunnels, behind what libpcap cannot
 * merge, or behind a damage.
 */
const UNSEEN_BY_FILTERS: ReadonlySet<string> = new Set([
  'PcapPlusPlus-PcapExamples-pcapng-example.pcapng',
  'nDPI-pcap-fuzz-2021-10-13.pcap',
  'pcapng-test-generator-advanced-test102.pcapng',
  'suricata-verify-bug-1450-04-tls_DER-incomplete-header.pcap',
  'zeek-Traces-http-qinq-0.pcap',
  'zeek-Traces-mixed-vlan-mpls.pcap'
])

/** Its columns count packets of the year 586,524, which are no packets here. */
const WITH_IMPOSSIBLE_TIMES = 'PcapPlusPlus-PcapExamples-pcapng-example.pcapng'

/** Rows of expected.tsv by its columns. */
function expectedOf(folder: string): Record<string, string>[] {
  const file = join(folder, 'expected.tsv')
  if (!existsSync(file)) return []
  const [head, ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n')
  const names = head!.split('\t')
  return rows.map((row) => Object.fromEntries(row.split('\t').map((value, i) => [names[i]!, value])))
}

function everyWindow(seconds: number): [string, string | null][] {
  const start = (unit: number): string =>
    new Date((seconds - (seconds % unit)) * 1000).toISOString().replace('.000', '')
  return [
    ['all', null],
    ['day', start(86_400)],
    ['hour', start(3600)],
    ['minute', start(60)]
  ]
}

/** What tshark can say of a frame: of one that is rejected only whether it holds a packet. */
type Comparable = Partial<PacketHeaders> & { frame: number; timeNs: bigint | null; rejected: string | null }

function comparable(record: TagRecord): Comparable {
  const { frame, rejected } = record
  const { timestamp: _, ...headers } = headersOf(record)
  if (rejected !== null) return { frame, timeNs: null, rejected }
  return { frame, timeNs: timeNsOf(record), rejected, ...headers }
}

/** What the record must be, if tshark is right. */
function readByTshark(
  capture: CaptureAtHand,
  record: TagRecord,
  { timeNs, headers }: TsharkPacket
): Comparable {
  const { frame } = record
  if (timeNs !== null && timeNs > LAST_NANOSECOND)
    return { frame, timeNs: null, rejected: 'time-out-of-range' }
  if (headers === null) return { frame, timeNs: null, rejected: record.rejected ?? 'no packet' }
  const tcp_seq = sequenceOf(capture, record, headers)
  // A packet without a time has that of 1970-01-01.
  return { frame, timeNs: timeNs ?? 0n, rejected: null, ...headers, tcp_seq }
}

/** tshark's, or tcpdump's where tshark reads none in a TCP header that is cut short. */
function sequenceOf(
  capture: CaptureAtHand,
  ours: TagRecord,
  theirs: Omit<PacketHeaders, 'timestamp'>
): number | null {
  const isCut = theirs.tcp_flags === null && ours.tcp_seq !== null
  if (!isCut) return theirs.tcp_seq
  const filter = `src ${ours.src} and dst ${ours.dst} and ip[4:2] == ${ours.ip_id} and tcp[4:4] == ${ours.tcp_seq}`
  return packetsByTcpdump(capture.plainPath, filter).packets > 0 ? ours.tcp_seq : null
}
