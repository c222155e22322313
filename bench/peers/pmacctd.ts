// pmacctd (Debian's pmacct, in C) over a capture file: packets by port, protocol and country of the source, as CSV. Not
// by minute, so it does less than the others: of packets in the past, its print_history counts those of a minute's
// first second in the minute before. Settings beside that, from its CONFIG-KEYS:
// - the core and the print plugin are two processes; ZeroMQ between them with the profile for over 250,000 packets a
//   second, since what the default pipe has no room for is lost, and after each full buffer (10 KiB by default) of a
//   file it sleeps for a millisecond;
// - 65,537 buckets for 650,000 combinations, since the default holds 150,000 and is then written early;
// - no writing before the end for an hour, and append, so that what was written early would stay.
// It sleeps for 2 s before it reads a file, and for 2 s after it; both are taken off. What the plugin still does in the
// second is in the CPU only.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../adapters/package-root.ts'
import { pythonOf } from '../../tools/chaos/truth.ts'
import type { PeerResult } from './peer.ts'
import { resultOf, timeProgram } from './timed-program.ts'

const execute = promisify(execFile)
const PAUSES_SECONDS = 4
const COUNTRIES = '@ip-location-db/geo-whois-asn-country-mmdb'

/** Counts a capture of so many IP packets. Throws where a packet is missing. */
export async function measurePmacctd(capture: string, packets: number): Promise<PeerResult> {
  const database = await maxmindDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-pmacctd-'))
  const counts = join(folder, 'counts.csv')
  try {
    const settings = {
      daemonize: 'false',
      pcap_savefile: capture,
      pcap_savefile_wait: 'false',
      aggregate: 'dst_port, proto, src_host_country',
      geoipv2_file: database,
      plugins: 'print',
      plugin_pipe_zmq: 'true',
      plugin_pipe_zmq_profile: 'xlarge',
      print_output: 'csv',
      print_output_file: counts,
      print_output_file_append: 'true',
      print_refresh_time: '3600',
      print_cache_entries: '65537'
    }
    const file = join(folder, 'pmacctd.conf')
    const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}`)
    writeFileSync(file, `${lines.join('\n')}\n`)
    const run = await timeProgram({ title: 'pmacctd', command: ['pmacctd', '-f', file] })
    const seconds = Math.round((run.seconds - PAUSES_SECONDS) * 1000) / 1000
    return resultOf(`pmacctd ${await version()}, less its pauses of 4 s`, packets, packetsIn(counts), {
      ...run,
      seconds
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rows are DST_PORT,PROTOCOL,SH_COUNTRY,PACKETS,BYTES. */
function packetsIn(counts: string): number {
  const [, ...rows] = readFileSync(counts, 'utf8').trimEnd().split('\n')
  return rows.reduce((sum, row) => sum + Number(row.split(',').at(-2)), 0)
}

async function version(): Promise<string> {
  const { stdout } = await timeProgram({ title: 'pmacctd -V', command: ['pmacctd', '-V'] })
  return /pmacctd (\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** The country database in MaxMind's layout, in the checkout's cache; made once a version, in a minute. */
async function maxmindDatabase(): Promise<string> {
  const require = createRequire(import.meta.url)
  const source = require.resolve(`${COUNTRIES}/geo-whois-asn-country.mmdb`)
  const packageFile = readFileSync(join(dirname(source), 'package.json'), 'utf8')
  const { version: sourceVersion } = JSON.parse(packageFile) as { version: string }
  const folder = join(packageRoot(), '.cache/peers')
  const target = join(folder, `maxmind-country-${sourceVersion}.mmdb`)
  if (existsSync(target)) return target
  mkdirSync(folder, { recursive: true })
  await execute(pythonOf(), [join(packageRoot(), 'bench/peers/python/maxmind_layout.py'), source, target])
  return target
}
