// tshark's fields of every packet of a capture, and which of them are ours.
import { spawnSync } from 'node:child_process'
import { formatAddress } from '../../../core/headers/address.ts'
import type { DecodedRow } from './decoded-row.ts'

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

const NAMES = ['frame.encap_type', ...new Set(Object.values(FIELDS).flatMap((group) => Object.values(group)))]

/** Field names to what tshark says of the outermost header that has them; '' where it says nothing. */
export type TsharkFields = Readonly<Record<string, string>>

/**
 * What tshark says of each packet record of a file; fragments are not put together. Blocks of a pcapng that
 * hold no packet, which tshark numbers as frames, are left out. A damaged file gives the packets before the
 * damage.
 */
export function tshark(file: string): TsharkFields[] {
  return tsharkFields(file, NAMES, 'first')
}

/** As tshark(), of any fields: of the first header that has them, or of all, with commas between. */
export function tsharkFields(
  file: string,
  fieldNames: readonly string[],
  occurrence: 'first' | 'all'
): TsharkFields[] {
  const names = [...new Set(['frame.encap_type', ...fieldNames])]
  const whole = ['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE', '-o', 'wlan.defragment:FALSE']
  const output = [
    '-T',
    'fields',
    '-E',
    `occurrence=${occurrence[0]}`,
    '-E',
    'separator=|',
    ...names.flatMap((n) => ['-e', n])
  ]
  const { stdout, error } = spawnSync('tshark', ['-n', '-r', file, ...whole, ...output], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28
  })
  if (error !== undefined)
    throw new Error(`tshark could not be run (apt-get install tshark): ${error.message}`)
  const lines = stdout.split('\n').slice(0, -1)
  return lines
    .map((line) => Object.fromEntries(line.split('|').map((value, i) => [names[i]!, value])))
    .filter((fields) => fields['frame.encap_type'] !== '')
}

/** [field, what we say, what tshark says] for every field of the packet's headers. */
export function compared(row: DecodedRow, theirs: TsharkFields): [string, string, string][] {
  const transport = FIELDS[`${row.protocol}` as keyof typeof FIELDS] ?? {}
  const fields = { ...FIELDS[row.ipVersion === 4 ? '-4' : '-6'], ...transport }
  return Object.entries(fields).map(([ours, name]) => {
    const said = theirs[name]!
    const value = row[ours as keyof DecodedRow]
    if (typeof value !== 'number') return [name, formatAddress(row.ipVersion, value), said]
    return [name, value === -1 ? '' : `${value}`, said === '' ? '' : `${Number(said)}`]
  })
}
