// The project's recordings against what tcpdump, tshark and capinfos counted in them (expected.tsv).
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readCaptureFile } from '../../../adapters/capture-files.ts'
import { locateIp } from '../../../core/capture/link-layer.ts'
import { formatDestination, formatSource } from '../../../core/headers/address.ts'
import { decodePacket } from '../../../core/headers/decode.ts'
import { PacketColumns } from '../../../core/packets/packet-columns.ts'
import { NO_NAT } from '../../../core/tags/aimed-at.ts'
import { TAG_BITS } from '../../../core/tags/rules.ts'
import { tagColumns } from '../../../core/tags/tag-columns.ts'

const SAMPLES = join(__dirname, '../../data/samples')
const MAX_BYTES = 1_000_000

type Row = Readonly<Record<string, string>>

function expectedRows(): Row[] {
  const [head, ...lines] = readFileSync(join(SAMPLES, 'expected.tsv'), 'utf8').trimEnd().split('\n')
  const names = head!.split('\t')
  return lines.map((line) => Object.fromEntries(line.split('\t').map((value, i) => [names[i]!, value])))
}

/** One column of expected.tsv, by file. */
function column(name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(expectedRows().map((row) => [row.file, Number(row[name])]))
}

/** Every column of expected.tsv that the project's own readers can fill. */
async function ourRow(path: string): Promise<Row> {
  const packets = new PacketColumns(10_000)
  const times: string[] = []
  await readCaptureFile(path, (reader) => {
    while (reader.next()) {
      const { bytes, start, end, linkType, seconds, nanoseconds } = reader.frame
      const at = locateIp(bytes, start, end, linkType)
      expect(decodePacket(bytes, at, end, packets, packets.length)).toBe(0)
      packets.length++
      times.push(`${seconds}.${String(nanoseconds).padStart(9, '0')}`)
    }
  })
  tagColumns(packets, NO_NAT)
  const rows = Array.from({ length: packets.length }, (_, row) => row)
  const count = (holds: (row: number) => boolean) => String(rows.filter(holds).length)
  const flags = (row: number, mask: number) => Math.max(packets.tcpFlags[row]!, 0) & mask
  const tagged = (tag: keyof typeof TAG_BITS) => count((row) => (packets.tags[row]! & TAG_BITS[tag]) !== 0)
  return {
    packets: String(packets.length),
    ipv4: count((row) => packets.ipVersion[row] === 4),
    ipv6: count((row) => packets.ipVersion[row] === 6),
    tcp: count((row) => packets.protocol[row] === 6),
    udp: count((row) => packets.protocol[row] === 17),
    icmp: count((row) => packets.protocol[row] === 1),
    icmpv6: count((row) => packets.protocol[row] === 58),
    syn: count((row) => flags(row, 0x12) === 0x02),
    synack: count((row) => flags(row, 0x12) === 0x12),
    rst: count((row) => flags(row, 0x04) !== 0),
    mirai: tagged('mirai'),
    zmap: tagged('zmap'),
    masscan: tagged('masscan'),
    uniq_src: String(new Set(rows.map((row) => formatSource(packets, row))).size),
    uniq_dst: String(new Set(rows.map((row) => formatDestination(packets, row))).size),
    first_ts: times[0]!,
    last_ts: times.at(-1)!
  }
}

describe('the recordings in test/data/samples', () => {
  test('are those of expected.tsv, byte by byte, and under 1 MB in all', () => {
    const rows = expectedRows()
    const files = readdirSync(SAMPLES).filter((name) => name.includes('.pcap'))

    expect(new Set(rows.map((row) => row.file))).toEqual(new Set(files))
    expect(rows).toHaveLength(files.length)
    for (const row of rows) {
      const bytes = readFileSync(join(SAMPLES, row.file!))
      expect([row.file, String(bytes.length)]).toEqual([row.file, row.bytes])
      expect([row.file, createHash('sha256').update(bytes).digest('hex')]).toEqual([row.file, row.sha256])
    }
    expect(rows.reduce((sum, row) => sum + Number(row.bytes), 0)).toBeLessThan(MAX_BYTES)
  })

  test('hold each tool in numbers that its detection must show', () => {
    expect(column('zmap')['zmap.pcap']).toBe(column('packets')['zmap.pcap'])
    expect(column('masscan')['masscan.pcap.gz']).toBe(column('packets')['masscan.pcap.gz'])
    expect(column('mirai')['mirai.pcap.zst']).toBe(column('packets')['mirai.pcap.zst'])
    expect(column('ipv6')['backscatter.pcap']).toBeGreaterThan(100)
  })

  test.each(expectedRows())('$file reads as tcpdump, tshark and capinfos read it', async (row) => {
    const ours = await ourRow(join(SAMPLES, row.file!))

    expect({ file: row.file, bytes: row.bytes, sha256: row.sha256, ...ours }).toEqual(row)
  })
})
