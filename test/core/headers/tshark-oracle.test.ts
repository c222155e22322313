// tshark as the oracle on made packets, whole and broken. It gives up on a header that lies or is cut where the decoder
// reads on ("what can still be read is read"), so what is asked is one-sided for broken packets: whatever tshark says,
// the decoder says too.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { formatAddress } from '../../../core/headers/address.ts'
import { looksLikeIp, wholeIp } from './any-packet.ts'
import { type DecodedRow, decodedRow } from './decoded-row.ts'

const SEED = 20240607

/** tshark's field for each of ours, by protocol (6, 17, 1, 58) or by IP version (-4, -6). */
const FIELDS = {
  '-4': {
    ttl: 'ip.ttl',
    protocol: 'ip.proto',
    ipId: 'ip.id',
    ipLength: 'ip.len',
    src: 'ip.src',
    dst: 'ip.dst'
  },
  '-6': { ttl: 'ipv6.hlim', src: 'ipv6.src', dst: 'ipv6.dst' },
  '6': {
    srcPort: 'tcp.srcport',
    dstPort: 'tcp.dstport',
    tcpFlags: 'tcp.flags',
    tcpSeq: 'tcp.seq_raw',
    tcpWindow: 'tcp.window_size_value'
  },
  '17': { srcPort: 'udp.srcport', dstPort: 'udp.dstport' },
  '1': { icmpType: 'icmp.type', icmpCode: 'icmp.code' },
  '58': { icmpType: 'icmpv6.type', icmpCode: 'icmpv6.code' }
} as const

const NAMES = [...new Set(Object.values(FIELDS).flatMap((group) => Object.values(group)))]

type Fields = Readonly<Record<string, string>>

/** A classic pcap of raw IP packets (LINKTYPE_RAW). */
function pcapOf(packets: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262144, 16)
  header.writeUInt32LE(101, 20)
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(packet.length, 8)
    record.writeUInt32LE(packet.length, 12)
    return [record, packet]
  })
  return Buffer.concat([header, ...records])
}

function tshark(file: string): Fields[] {
  const whole = ['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE']
  const output = [
    '-T',
    'fields',
    '-E',
    'occurrence=f',
    '-E',
    'separator=|',
    ...NAMES.flatMap((n) => ['-e', n])
  ]
  const text = execFileSync('tshark', ['-n', '-r', file, ...whole, ...output], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => Object.fromEntries(line.split('|').map((value, i) => [NAMES[i]!, value])))
}

/** [field, what we say, what tshark says] for every field of the packet's headers. */
function compared(row: DecodedRow, theirs: Fields): [string, string, string][] {
  const transport = FIELDS[`${row.protocol}` as keyof typeof FIELDS] ?? {}
  const fields = { ...FIELDS[row.ipVersion === 4 ? '-4' : '-6'], ...transport }
  return Object.entries(fields).map(([ours, name]) => {
    const said = theirs[name]!
    const value = row[ours as keyof DecodedRow]
    if (typeof value !== 'number') return [name, formatAddress(row.ipVersion, value), said]
    return [name, value === -1 ? '' : `${value}`, said === '' ? '' : `${Number(said)}`]
  })
}

describe('decodePacket beside tshark', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stormpetrel-oracle-'))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  function differences(
    packets: readonly Uint8Array[],
    counts: (row: DecodedRow, difference: [string, string, string]) => boolean
  ): { compared: number; differences: string[] } {
    const file = join(folder, 'packets.pcap')
    writeFileSync(file, pcapOf(packets))
    const theirs = tshark(file)
    expect(theirs.length).toBe(packets.length)
    const rows = packets.map((packet) => decodedRow(packet, 0, packet.length))
    const found = rows.flatMap((row, i) => {
      if (typeof row === 'string') return []
      const wrong = compared(row, theirs[i]!).filter((c) => c[1] !== c[2] && counts(row, c))
      return wrong.map((c) => `${c.join(' ')} in ${Buffer.from(packets[i]!).toString('hex')}`)
    })
    return { compared: rows.filter((row) => typeof row !== 'string').length, differences: found }
  }

  test('every field of whole packets is the same', () => {
    const packets = fc.sample(wholeIp, { numRuns: 3000, seed: SEED })

    expect(differences(packets, () => true)).toEqual({ compared: 3000, differences: [] })
  })

  test('of broken packets, every field that tshark gives is the same', () => {
    const packets = fc.sample(looksLikeIp, { numRuns: 5000, seed: SEED }).filter(({ length }) => length > 0)

    // Where the total length is 0, tshark gives the captured length in its place.
    const result = differences(packets, (row, [name, , said]) => {
      return said !== '' && !(name === 'ip.len' && row.ipLength === 0)
    })
    expect(result.differences).toEqual([])
    expect(result.compared).toBeGreaterThan(3000)
  })
})
