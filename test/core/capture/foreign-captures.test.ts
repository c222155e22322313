// Captures that others made, against what capinfos, tcpdump and tshark read in them (expected.tsv there). They are not
// part of the project: a checkout without them passes, but where CI is set they must be there.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { locateIp } from '../../../core/capture/link-layer.ts'
import { type ReadFrame, readAll } from './read-all.ts'

const FOLDER = join('..', 'shared', 'data', 'captures')

const DAMAGE: Readonly<Record<string, string>> = {
  'nDPI-pcap-fuzz-2021-10-13.pcap':
    'some.pcap: damaged at byte 237: the file ends inside packet 2; the 1 packets before it were used',
  'suricata-verify-bug-1450-04-tls_DER-incomplete-header.pcap':
    'some.pcap: damaged at byte 5035: packet 7 says that it has 4325376 captured bytes, more than 262144; the 6 packets before it were used'
}

interface Expected {
  readonly file: string
  readonly frames: number
  readonly firstTime: bigint
  readonly lastTime: bigint
}

/** Nanoseconds of a time as capinfos writes it: what is after the point counts units, and may be a second and more. */
function nanosecondsOf(text: string): bigint {
  const [seconds, rest] = text.split('.') as [string, string]
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest)
}

function readExpected(): Expected[] {
  const [head, ...rows] = readFileSync(join(FOLDER, 'expected.tsv'), 'utf8').trimEnd().split('\n')
  const names = head!.split('\t')
  return rows.map((row) => {
    const cells = row.split('\t')
    const cell = (name: string): string => cells[names.indexOf(name)]!
    const frames = cell('pkts_capinfos') === 'NA' ? cell('pkts_tcpdump') : cell('pkts_capinfos')
    return {
      file: cell('file'),
      frames: Number(frames),
      firstTime: nanosecondsOf(cell('first_ts')),
      lastTime: nanosecondsOf(cell('last_ts'))
    }
  })
}

function timeOf(frame: ReadFrame): bigint {
  return BigInt(frame.seconds) * 1_000_000_000n + BigInt(frame.nanoseconds)
}

/** Source address of the IPv4 packet in a frame, or `not IPv4`. */
function sourceOf(frame: ReadFrame): string {
  const bytes = Buffer.from(frame.hex, 'hex')
  const at = locateIp(bytes, 0, bytes.length, frame.linkType)
  return at >= 0 && bytes[at]! >> 4 === 4 ? bytes.subarray(at + 12, at + 16).join('.') : 'not IPv4'
}

function sourcesByTshark(file: string): string[] {
  // tshark numbers blocks without packets too; those have no encapsulation.
  const fields = ['-Y', 'frame.encap_type', '-T', 'fields', '-E', 'occurrence=f', '-e', 'ip.src']
  // It exits with an error at damage, after the packets before it.
  const report = execFileSync('sh', ['-c', 'tshark -nr "$@" 2>/dev/null || true', 'sh', file, ...fields], {
    encoding: 'utf8'
  })
  return report
    .split('\n')
    .slice(0, -1)
    .map((source) => source || 'not IPv4')
}

if (existsSync(FOLDER)) {
  describe.each(readExpected())('the capture $file', ({ file, frames: count, firstTime, lastTime }) => {
    const { frames, error } = readAll(readFileSync(join(FOLDER, file)), [4096])

    test('has as many frames as capinfos counts', () => {
      expect(frames).toHaveLength(count)
    })

    test('begins and ends when capinfos says', () => {
      // Simple packet blocks have no time.
      const timed = frames.filter(({ seconds }) => seconds !== 0)
      const times = timed.map(timeOf).sort((a, b) => (a < b ? -1 : 1))

      expect([times[0], times.at(-1)]).toEqual([firstTime, lastTime])
    })

    test('ends with an error just where it is damaged', () => {
      expect(error?.message).toBe(DAMAGE[file])
    })

    test('has its packets where tshark finds them', () => {
      expect(frames.map(sourceOf)).toEqual(sourcesByTshark(join(FOLDER, file)))
    })
  })
} else {
  test('the captures of others are there where CI is set', () => {
    expect(process.env.CI ?? '').toBe('')
  })
}
