// Captures of the benchmark's traffic to counts: our own program in one process, and those of others over the same file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from '../measured-process.ts'
import type { PeerResult } from '../peers/peer.ts'
import { measurePmacctd } from '../peers/pmacctd.ts'
import { measureRedisAlone } from '../peers/redis-alone.ts'
import { measureTshark } from '../peers/tshark.ts'
import type { Say } from './drain.ts'
import { writeTrafficCapture } from './traffic-capture.ts'

/** Peers other than Kafka Streams get so many frames: the slowest of them would take hours for all. */
export const PEER_FRAMES = 2_000_000

/** A capture file to counts in one process, beside pmacctd over the same file; by the clock, starts included. */
export interface CaptureResult {
  /** As typed. */
  readonly command: string
  readonly packets: number
  readonly seconds: number
  readonly packetsPerSecond: number
  readonly cpuNsPerPacket: number
  readonly ratioToPmacctd: number
}

/** Ports and regions as pmacctd has them, and besides by hour. */
const CAPTURE_ARGS = ['counts', '--by', 'port,region', '--window', 'hour']

/** The programs that read a capture, and our own over the same one. */
export async function measureCaptures(
  packets: number,
  say: Say
): Promise<{ readonly peers: PeerResult[]; readonly capture: CaptureResult }> {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-bench-'))
  try {
    const file = join(folder, 'traffic.pcap')
    const sound = writeTrafficCapture(file, Math.min(PEER_FRAMES, packets), {
      seed: 20_220_511,
      darkPrefix: 0xcb0071,
      sources: 200_000,
      startSeconds: 1_652_194_200,
      packetsPerSecond: 50_000
    })
    const pmacctd = await measurePmacctd(file, sound)
    const used = await measure({
      program: 'bin/stormpetrel.js',
      args: [...CAPTURE_ARGS, file],
      environment: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
      keepsOutput: false,
      endsAfter: null
    })
    const capture = {
      command: `stormpetrel ${CAPTURE_ARGS.join(' ')} traffic.pcap`,
      packets: sound,
      seconds: Math.round(used.wallSeconds * 1000) / 1000,
      packetsPerSecond: Math.round(sound / used.wallSeconds),
      cpuNsPerPacket: Math.round((used.cpuSeconds * 1e9) / sound),
      ratioToPmacctd: Math.round((pmacctd.seconds / used.wallSeconds) * 100) / 100
    }
    say(`${capture.command}: ${capture.packetsPerSecond} packets/s, ${capture.ratioToPmacctd} times pmacctd`)
    const peers = [pmacctd, await measureTshark(file, sound), await measureRedisAlone(file, sound)]
    for (const { name, packetsPerSecond } of peers) say(`${name}: ${packetsPerSecond} packets/s`)
    return { capture, peers }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
