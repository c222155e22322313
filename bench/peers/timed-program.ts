// Runs a program of any language to its end, and answers what it and the programs that it started used.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { PeerResult } from './peer.ts'

/** What a run took. */
export interface TimedRun {
  /** From the start of the process to its end. */
  readonly seconds: number
  /** User and system time of all threads of it and of its children. */
  readonly cpuSeconds: number
  readonly stdout: string
}

/** What is run, how it is called in an error, and what its environment has beside this process's. */
export interface TimedProgram {
  readonly title: string
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

const LIMIT_SECONDS = 15 * 60
/** System programs such as pmacctd lie in folders that only root's PATH names. */
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin'

/** The shell's own `time` counts every child that was waited for; it goes to file descriptor 3. */
const TIMED = `exec 4>&2 2>&3; time timeout ${LIMIT_SECONDS} "$@" 2>&4 3>&- 4>&-`

/** Free to use all cores. Throws, with what it printed on stderr, where it fails or takes over a quarter of an hour. */
export async function timeProgram(program: TimedProgram): Promise<TimedRun> {
  const child = spawn('bash', ['-c', TIMED, 'bash', ...program.command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${process.env.PATH}:${SYSTEM_FOLDERS}`,
      ...program.environment,
      LC_ALL: 'C',
      TIMEFORMAT: '%3R %3U %3S'
    }
  })
  const texts = Promise.all([
    textOf(child.stdout!),
    textOf(child.stderr!),
    textOf(child.stdio[3] as Readable)
  ])
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const [stdout, stderr, time] = await texts
  if (exitCode !== 0) throw new Error(`${program.title} ended with ${exitCode}: ${stderr.slice(-2000)}`)
  const [seconds, user, system] = time.trim().split(' ').map(Number) as [number, number, number]
  return { seconds, cpuSeconds: user + system, stdout }
}

/** A run as a peer's result. Throws where it counted more or fewer packets than there are. */
export function resultOf(
  name: string,
  packets: number,
  counted: number,
  run: Omit<TimedRun, 'stdout'>
): PeerResult {
  if (counted !== packets) throw new Error(`${name} counted ${counted} of ${packets} packets`)
  return {
    name,
    packets,
    seconds: run.seconds,
    packetsPerSecond: Math.round(packets / run.seconds),
    cpuNsPerPacket: Math.round((run.cpuSeconds * 1e9) / packets)
  }
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
