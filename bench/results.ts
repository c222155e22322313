// What a run of the benchmark leaves in bench/results: read by tools/documents/performance.ts too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../adapters/package-root.ts'
import type { CaptureResult } from './stream/captures.ts'
import type { GrowthRow } from './stream/growth.ts'
import type { LiveResult } from './stream/live.ts'
import type { MemoryResult } from './stream/memory.ts'
import type { StreamResults } from './stream/part.ts'
import type { ReportResult } from './report.ts'
import type { SmallResult } from './stream/small.ts'

/** Where it ran. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
}

/** How many threads wanted to run, on average over a minute; the benchmark itself is one of them. */
export interface LoadAverage {
  readonly atStart: number
  readonly atEnd: number
}

/** One command over one capture; start-up is taken off all but the memory. */
export interface CaseResult {
  readonly name: string
  /** As typed. */
  readonly command: string
  readonly packets: number
  /** By the clock on the wall: slower where others use the core. */
  readonly packetsPerSecond: number
  /** User and system time of all threads. */
  readonly cpuNsPerPacket: number
  /** What one core does in a second that it has to itself. */
  readonly packetsPerCpuSecond: number
  readonly peakRssMib: number
  /** Packets a second that are promised, or null. */
  readonly goal: number | null
}

/** Loading the region and the ASN table, in a process that does nothing else. */
export interface GeoResult {
  /** From the databases, with no cache. */
  readonly coldMs: number
  /** From the cache; the median of several processes. */
  readonly warmMs: number
  readonly warmGoalMs: number
}

export interface BenchResults extends Partial<StreamResults> {
  /** ISO 8601. */
  readonly startedAt: string
  readonly machine: Machine
  /** Work of others on the machine. */
  readonly loadAverage: LoadAverage
  /** Whether each process was held on one core. */
  readonly isPinned: boolean
  /** Each case was run so often; the least of each figure counts, since other work only adds. */
  readonly rounds: number
  readonly startUp: { readonly wallMs: number; readonly cpuMs: number }
  readonly geo: GeoResult
  readonly cases: readonly CaseResult[]
  /** A hundred small sensors. */
  readonly memory?: MemoryResult
  readonly capture?: CaptureResult
  readonly live?: LiveResult
  readonly small?: SmallResult
  readonly growth?: readonly GrowthRow[]
  readonly report?: ReportResult
}

/** The newest results' path, relative to the package. */
export const LATEST_RESULTS = join('bench', 'results', 'latest.json')

/** The results that are kept with the source. */
export function readLatestResults(): BenchResults {
  return JSON.parse(readFileSync(join(packageRoot(), LATEST_RESULTS), 'utf8')) as BenchResults
}
