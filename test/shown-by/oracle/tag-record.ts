// A record of `tag`, as whoever reads its output sees it.
import { parseLines, stormpetrel } from '../../cli/collected-output.ts'

/** The headers of a packet. What a packet does not have is null; a rejected frame has none of them. */
export interface PacketHeaders {
  readonly timestamp: string | null
  readonly src: string | null
  readonly dst: string | null
  readonly protocol: number | null
  readonly src_port: number | null
  readonly dst_port: number | null
  readonly icmp_type: number | null
  readonly icmp_code: number | null
  readonly tcp_flags: number | null
  readonly tcp_seq: number | null
  readonly ip_id: number | null
  readonly ttl: number | null
  readonly ip_length: number | null
}

export interface TagRecord extends PacketHeaders {
  readonly file: string
  readonly frame: number
  readonly tags: readonly string[] | null
  readonly region: string | null
  readonly asn: number | null
  readonly rejected: string | null
}

/** Where the packets of a capture end, and how `tag` said so. */
export interface Tagged {
  readonly records: readonly TagRecord[]
  readonly exitCode: number
  readonly stderr: string
}

/** What `tag` prints for files. */
export async function tag(...files: readonly string[]): Promise<Tagged> {
  const { exitCode, stdout, stderr } = await stormpetrel(['tag', '--format', 'ndjson', ...files])
  return { records: parseLines(stdout) as unknown as TagRecord[], exitCode, stderr }
}

/** The fields of a record that are a packet's headers. */
export function headersOf(record: TagRecord): PacketHeaders {
  const { file: _, frame: __, tags: ___, region: ____, asn: _____, rejected: ______, ...headers } = record
  return headers
}

/** Records that are the same wherever their packets came from. */
export function withoutFiles(records: readonly TagRecord[]): TagRecord[] {
  return records.map((record) => ({ ...record, file: '' }))
}
