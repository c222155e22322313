// The benchmark: `npm run bench`. It runs the real program over captures that it makes, prints a table, and leaves
// bench/results/latest.json and a dated copy. `--only NAME` runs the cases with that in their name, and leaves nothing, or one
// part (drain with Kafka Streams beside it, live, capture, small, growth, memory, report), and puts it in the place of the one in the
// results. `--only drain --alone` leaves out the peers, and leaves nothing. `--only detection` evaluates the detector of
// surges (docs/detection.md), on NAB's real counts too where `--nab` names a checkout.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../adapters/package-root.ts'
import { BENCH_CASES, type BenchCase } from './cases.ts'
import { Captures } from './captures.ts'
import { isPinned, measure, type MeasuredProgram, type Usage } from './measured-process.ts'
import {
  type BenchResults,
  type CaseResult,
  type GeoResult,
  LATEST_RESULTS,
  type Machine,
  readLatestResults
} from './results.ts'
import { readConfiguration } from '../core/configuration.ts'
import { DETECTION_RESULTS, measureDetection } from './detection/part.ts'
import { measureReport } from './report.ts'
import { measureCaptures } from './stream/captures.ts'
import { measureGrowth } from './stream/growth.ts'
import { measureLive } from './stream/live.ts'
import { measureMemory } from './stream/memory.ts'
import { measureDrainAlone, measureStream } from './stream/part.ts'
import { measureSmall } from './stream/small.ts'

const STORMPETREL = 'bin/stormpetrel.js'
const WARM_LOADS = 7
const WARM_GOAL_MS = 150

/** STORMPETREL_SLOTS as it is where nobody says otherwise. */
const SLOTS = readConfiguration({}).slots
const DRAIN_PACKETS = 20_000_000

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    packets: { type: 'string' },
    alone: { type: 'boolean' },
    slots: { type: 'string' },
    nab: { type: 'string' }
  }
})
const rounds = Number(values.rounds ?? 3)
const drainPackets = Number(values.packets ?? DRAIN_PACKETS)
const slots = Number(values.slots ?? SLOTS)

/** Parts that may be measured alone, and are put in the place of those in the results then. */
const PARTS: Readonly<Record<string, () => Promise<Partial<BenchResults>>>> = {
  drain: () => measureStream(drainPackets, false, say),
  live: async () => ({ live: await measureLive(say) }),
  capture: async () => ({ capture: (await measureCaptures(drainPackets, say)).capture }),
  small: async () => ({ small: await measureSmall(say) }),
  growth: async () => ({ growth: await measureGrowth(say) }),
  memory: async () => ({ memory: await measureMemory(slots, say) }),
  report: async () => ({ report: await measureReport(say) })
}

const DETECTION = 'detection'
const DETECTION_SIZE = {
  nulls: 1000,
  eventsAKind: 400,
  seeds: { thresholds: 9001, nulls: 9002, events: 9003 }
}

const only = values.only ?? ''
const chosen = BENCH_CASES.filter(({ name }) => name.includes(only))
if (
  (chosen.length === 0 && !(only in PARTS) && only !== DETECTION) ||
  !(rounds >= 1) ||
  !(drainPackets >= 1000)
) {
  const names = [...BENCH_CASES.map(({ name }) => name), ...Object.keys(PARTS), DETECTION].join(', ')
  process.stderr.write(
    `usage: npm run bench -- [--only NAME] [--rounds 3] [--packets ${DRAIN_PACKETS}] [--alone] [--slots ${SLOTS}] [--nab FOLDER]; names: ${names}\n`
  )
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-bench-'))
const captures = new Captures(folder)
const cacheFolder = join(folder, 'cache')
const environment = {
  PATH: process.env.PATH ?? '',
  STORMPETREL_CACHE_FOLDER: cacheFolder,
  STORMPETREL_HTTP_PORT: '0'
}

try {
  const part = PARTS[only]
  if (only === 'drain' && values.alone) await measureDrainAlone(drainPackets, say)
  else if (only === DETECTION) {
    const results = measureDetection(DETECTION_SIZE, values.nab ?? null, say)
    writeFileSync(join(packageRoot(), DETECTION_RESULTS), `${JSON.stringify(results, null, 2)}\n`)
    say(`kept in ${DETECTION_RESULTS}`)
  } else if (part !== undefined) keep({ ...readLatestResults(), ...(await part()) })
  else await run()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function run(): Promise<void> {
  const startedAt = new Date().toISOString()
  const atStart = minuteLoad()
  const geo = await measureGeo()
  say(
    `geo tables: ${geo.coldMs.toFixed(0)} ms from the databases, ${geo.warmMs.toFixed(0)} ms from the cache`
  )
  const cases = await measureCases()
  if (only !== '') return
  const stream = await measureStream(drainPackets, true, say)
  const { peers, capture } = await measureCaptures(drainPackets, say)
  const live = await measureLive(say)
  const small = await measureSmall(say)
  const growth = await measureGrowth(say)
  const memory = await measureMemory(SLOTS, say)
  const report = await measureReport(say)
  const bare = await leastOf(await programOf(BENCH_CASES[0]!, true))
  const startUp = { wallMs: Math.round(bare.wallSeconds * 1000), cpuMs: Math.round(bare.cpuSeconds * 1000) }
  keep({
    startedAt,
    machine: machine(),
    loadAverage: { atStart, atEnd: minuteLoad() },
    isPinned,
    rounds,
    startUp,
    geo,
    cases,
    ...stream,
    peers: [...stream.peers, ...peers],
    capture,
    live,
    small,
    growth,
    memory,
    report
  })
}

async function measureCases(): Promise<CaseResult[]> {
  say(`${'case'.padEnd(20)}     packets/s  ns CPU/packet  packets/CPU s  peak MiB`)
  const cases: CaseResult[] = []
  for (const each of chosen) {
    const result = await measureCase(each)
    cases.push(result)
    const cells = [
      result.packetsPerSecond,
      result.cpuNsPerPacket,
      result.packetsPerCpuSecond,
      result.peakRssMib
    ]
    say(`${each.name.padEnd(20)}${cells.map((cell) => String(cell).padStart(14)).join('')}`)
  }
  return cases
}

/** A case over its capture, less the same command over a capture of one packet. */
async function measureCase(each: BenchCase): Promise<CaseResult> {
  const packets = captures.packets(each.capture)
  const startUp = await leastOf(await programOf(each, true))
  const whole = await leastOf(await programOf(each, false))
  const cpuSeconds = whole.cpuSeconds - startUp.cpuSeconds
  const suffix = each.compression === 'none' ? '' : `.${each.compression}`
  return {
    name: each.name,
    command: `stormpetrel ${each.args.join(' ')} ${each.capture}.pcap${suffix}`,
    packets,
    packetsPerSecond: Math.round(packets / (whole.wallSeconds - startUp.wallSeconds)),
    cpuNsPerPacket: Math.round((cpuSeconds * 1e9) / packets),
    packetsPerCpuSecond: Math.round(packets / cpuSeconds),
    peakRssMib: Math.round(whole.peakRssMib),
    goal: each.goal
  }
}

async function programOf(each: BenchCase, isStartUp: boolean): Promise<MeasuredProgram> {
  const { endsAfter } = each
  const file = isStartUp ? await captures.path('one') : await captures.path(each.capture, each.compression)
  return { program: STORMPETREL, args: [...each.args, file], environment, keepsOutput: false, endsAfter }
}

/** The least of each figure over the rounds. */
async function leastOf(program: MeasuredProgram): Promise<Usage> {
  let least = await measure(program)
  for (let round = 1; round < rounds; round++) {
    const next = await measure(program)
    least = {
      wallSeconds: Math.min(least.wallSeconds, next.wallSeconds),
      printedSeconds: Math.min(least.printedSeconds, next.printedSeconds),
      cpuSeconds: Math.min(least.cpuSeconds, next.cpuSeconds),
      peakRssMib: Math.min(least.peakRssMib, next.peakRssMib),
      stdout: next.stdout
    }
  }
  return least
}

async function measureGeo(): Promise<GeoResult> {
  const coldMs = await loadGeo()
  const warm: number[] = []
  for (let i = 0; i < WARM_LOADS; i++) warm.push(await loadGeo())
  warm.sort((a, b) => a - b)
  return { coldMs: Math.round(coldMs), warmMs: Math.round(warm[WARM_LOADS >> 1]!), warmGoalMs: WARM_GOAL_MS }
}

async function loadGeo(): Promise<number> {
  const program = join('dist', 'bench', 'geo-load.js')
  const { stdout } = await measure({
    program,
    args: [cacheFolder],
    environment,
    keepsOutput: true,
    endsAfter: null
  })
  return Number(stdout)
}

function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version
  }
}

function minuteLoad(): number {
  return Math.round(loadavg()[0]! * 100) / 100
}

function keep(results: BenchResults): void {
  const text = `${JSON.stringify(results, null, 2)}\n`
  const day = results.drain?.startedAt ?? results.startedAt
  const dated = LATEST_RESULTS.replace('latest', day.slice(0, 10))
  for (const path of [LATEST_RESULTS, dated]) writeFileSync(join(packageRoot(), path), text)
  say(`kept in ${LATEST_RESULTS} and ${dated}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
