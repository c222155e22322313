// What running processes have used, as Linux tells it.
import { readFileSync } from 'node:fs'

/** Ticks of processor time a second in /proc; 100 on every architecture that Node runs on (proc_pid_stat(5)). */
const TICKS_A_SECOND = 100

/** User and system time of all threads of a process until now, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

/** The most memory that was resident at once, in MiB. */
export function peakRssMibOf(pid: number): number {
  return statusMibOf(pid, 'VmHWM')
}

/** The memory that is resident now, in MiB. */
export function residentMibOf(pid: number): number {
  return statusMibOf(pid, 'VmRSS')
}

function statusMibOf(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) / 1024
}

/** A process to look at. */
export interface NamedProcess {
  readonly name: string
  readonly pid: number
}

/** What one process used of the time between two looks. */
export interface StageUsage {
  readonly name: string
  readonly cpuNsPerPacket: number
  readonly peakRssMib: number
}

/** Looks now; the answer, called later, gives what each used since then. */
export function watchUsage(processes: readonly NamedProcess[]): (packets: number) => StageUsage[] {
  const before = processes.map(({ pid }) => cpuSecondsOf(pid))
  return (packets) =>
    processes.map(({ name, pid }, index) => ({
      name,
      cpuNsPerPacket: Math.round(((cpuSecondsOf(pid) - before[index]!) * 1e9) / packets),
      peakRssMib: Math.round(peakRssMibOf(pid))
    }))
}
