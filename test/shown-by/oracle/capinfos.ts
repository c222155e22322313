// capinfos (of Wireshark) counts the packets of a capture, and tcpdump those that a filter passes.
import { spawnSync } from 'node:child_process'

/** Packets of a capture; null where capinfos cannot read it to its end. */
export function packetsByCapinfos(file: string): number | null {
  const { stdout, status } = run('capinfos', ['-c', '-M', file])
  const found = /Number of packets:\s+(\d+)/.exec(stdout)
  return status === 0 && found !== null ? Number(found[1]) : null
}

export interface TcpdumpCount {
  readonly packets: number
  /** False where libpcap gave up before the end: damage, or link types that it cannot merge. */
  readonly isWhole: boolean
}

/** Packets of a capture that pass a filter. */
export function packetsByTcpdump(file: string, filter = ''): TcpdumpCount {
  const { stdout, status } = run('tcpdump', ['-n', '-t', '-q', '-r', file, filter])
  return { packets: stdout.split('\n').filter((line) => isPacket(line)).length, isWhole: status === 0 }
}

/** Lines that go on with what is said of a packet are indented. */
function isPacket(line: string): boolean {
  return line !== '' && !/^\s/.test(line)
}

function run(command: string, args: readonly string[]): { stdout: string; status: number | null } {
  const { stdout, status, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error !== undefined) throw new Error(`${command} could not be run: ${error.message}`)
  return { stdout, status }
}
