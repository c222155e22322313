// Counts what a recording holds with tcpdump, tshark and capinfos: nothing of this project reads the packets.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

// Filters on the outermost header. tcp[...] reads IPv4 only, so IPv6 has its own offsets (no extension headers here).
const SYN4 = 'tcp[13] & 0x12 == 0x02'
const FILTERS = {
  ipv4: 'ip',
  ipv6: 'ip6',
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  icmpv6: 'icmp6',
  syn: `(${SYN4}) or (ip6 and ip6[6] == 6 and ip6[53] & 0x12 == 0x02)`,
  synack: '(tcp[13] & 0x12 == 0x12) or (ip6 and ip6[6] == 6 and ip6[53] & 0x12 == 0x12)',
  rst: '(tcp[13] & 0x04 != 0) or (ip6 and ip6[6] == 6 and ip6[53] & 0x04 != 0)',
  mirai: `${SYN4} and tcp[4:4] == ip[16:4]`,
  zmap: 'ip and ip[4:2] == 54321',
  masscan: `${SYN4} and ip[4:2] == ((ip[18:2] ^ tcp[2:2]) ^ tcp[6:2])`
} as const

/** The columns of expected.tsv, in order. */
export const COLUMNS = [
  'file',
  'bytes',
  'sha256',
  'packets',
  ...(Object.keys(FILTERS) as (keyof typeof FILTERS)[]),
  'uniq_src',
  'uniq_dst',
  'first_ts',
  'last_ts'
] as const

export type Measures = Readonly<Record<(typeof COLUMNS)[number], string>>

/** Measures `path`, whose uncompressed form is `plain`. */
export function measure(file: string, path: string, plain: string): Measures {
  const bytes = readFileSync(path)
  const counted = Object.entries(FILTERS).map(([name, filter]) => [name, String(countMatches(plain, filter))])
  const rows = fieldsOf(plain)
  return {
    ...(Object.fromEntries(counted) as Record<keyof typeof FILTERS, string>),
    file,
    bytes: String(bytes.length),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    packets: packetsOf(plain),
    uniq_src: String(new Set(rows.map((row) => row[1])).size),
    uniq_dst: String(new Set(rows.map((row) => row[2])).size),
    first_ts: rows[0]?.[0] ?? '',
    last_ts: rows.at(-1)?.[0] ?? ''
  }
}

/** capinfos -c prints `Number of packets:   1234`, with -M exactly. */
function packetsOf(plain: string): string {
  const printed = run('capinfos', ['-c', '-M', plain])
  return /Number of packets:\s+(\d+)/.exec(printed)?.[1] ?? ''
}

function countMatches(plain: string, filter: string): number {
  return run('tcpdump', ['-n', '-t', '-q', '-r', plain, filter]).split('\n').length - 1
}

/** Time, source and destination of each packet, the outermost addresses, in order of time. */
function fieldsOf(plain: string): string[][] {
  const fields = [
    '-e',
    'frame.time_epoch',
    '-e',
    'ip.src',
    '-e',
    'ip.dst',
    '-e',
    'ipv6.src',
    '-e',
    'ipv6.dst'
  ]
  const printed = run('tshark', ['-n', '-r', plain, '-T', 'fields', '-E', 'occurrence=f', ...fields])
  const rows = printed.trimEnd().split('\n')
  return rows.map((row) => {
    const [time, src4, dst4, src6, dst6] = row.split('\t')
    // An ICMPv6 error has no outer IPv4 address, whatever it quotes; an ICMP error no outer IPv6 one.
    return [time!, src4 === '' ? src6! : src4!, dst4 === '' ? dst6! : dst4!]
  })
}

function run(command: string, words: readonly string[]): string {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  return execFileSync(command, words, { encoding: 'utf8', stdio, maxBuffer: 64 * 1024 * 1024 })
}
