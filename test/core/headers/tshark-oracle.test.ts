// tshark as the oracle on made packets, whole and broken. It gives up on a header that lies or is cut where
// the decoder reads on ("what can still be read is read"), so what is asked is one-sided for broken packets:
// whatever tshark says, the decoder says too.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { looksLikeIp, wholeIp } from './any-packet.ts'
import { type DecodedRow, decodedRow } from './decoded-row.ts'
import { compared, tshark } from './tshark.ts'

const SEED = 20240607

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
