// tshark (Debian's) as people count ports with it: fields, sort, uniq. By minute, protocol and port, as the others do;
// with the source in it hardly any two lines would be the same. -n: no names are looked up; the filter leaves out what
// ends within the IP header; LC_ALL=C: sort compares bytes.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerResult } from './peer.ts'
import { resultOf, timeProgram } from './timed-program.ts'

const FIELDS = ['frame.time_epoch', 'ip.proto', 'ipv6.nxt', 'tcp.dstport', 'udp.dstport']
const WHOLE_HEADERS = `-Y 'ip.src or ipv6.src'`
const OF_OUTERMOST_HEADER = '-E occurrence=f'
const TO_MINUTES = `awk -F'\\t' -v OFS='\\t' '{ $1 = int($1 / 60) * 60 } 1'`
const PIPELINE = [
  `tshark -r "$0" -n ${WHOLE_HEADERS} -T fields ${OF_OUTERMOST_HEADER} -e ${FIELDS.join(' -e ')}`,
  TO_MINUTES,
  'sort',
  'uniq -c > "$1"'
].join(' | ')

/** Counts a capture of so many IP packets. Throws where a packet is missing. */
export async function measureTshark(capture: string, packets: number): Promise<PeerResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-tshark-'))
  try {
    const counts = join(folder, 'counts.txt')
    const command = ['bash', '-o', 'pipefail', '-c', PIPELINE, capture, counts]
    const run = await timeProgram({ title: 'tshark', command, environment: { TMPDIR: folder } })
    const { stdout } = await timeProgram({ title: 'tshark --version', command: ['tshark', '--version'] })
    const version = /TShark \S*\s?(\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? 'unknown'
    return resultOf(`tshark ${version} | sort | uniq -c`, packets, packetsIn(counts), run)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lines are `   <count> <minute>\t<ip.proto>\t<ipv6.nxt>\t...`. */
function packetsIn(counts: string): number {
  const lines = readFileSync(counts, 'utf8').trimEnd().split('\n')
  return lines.reduce((sum, line) => sum + Number.parseInt(line, 10), 0)
}
