// Sensors to counts at a steady rate: capture files as tcpdump leaves them, a sensor each that follows them, tagger and
// aggregator; and how long a packet takes from its capture until it is in a count that can be read.
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CountStore, SensorTotals } from '../../core/store/count-store.ts'
import { rejectedFramesOf } from '../../core/store/ledger.ts'
import { createStore } from '../../services/connections.ts'
import { BenchDeployment, SENSORS } from './deployment.ts'
import type { Say } from './drain.ts'
import { LiveLoad } from './live-load.ts'
import type { LiveFile } from './live-load-main.ts'
import { type StageUsage, watchUsage } from './process-usage.ts'

const RATES = [100_000, 200_000, 400_000, 500_000, 600_000, 800_000]
const HELD_SECONDS = 60
const MOST_P99_SECONDS = 5
/** The first packets wait for nothing but the start of the load. */
const SETTLING_SECONDS = 5
const POLL_MS = 50
/** tcpdump -G takes whole seconds, and other programs less. */
const FILE_SECONDS = 0.25
/** What is not counted so long after the last packet came too late for everybody. */
const PATIENCE_SECONDS = 30
const BIN_MS = 10
const SENSORS_USED = Object.keys(SENSORS).slice(0, 4)

/** One rate, and what came of it. */
export interface LiveRate {
  readonly packetsPerSecond: number
  readonly p50Seconds: number
  readonly p99Seconds: number
  /** Whether it was held for a minute with p99 under 5 s. */
  readonly isHeld: boolean
  readonly stages: readonly StageUsage[]
}

/** The highest rate that was held, and every rate that was tried. */
export interface LiveResult {
  readonly packetsPerSecond: number
  readonly p99Seconds: number
  readonly rates: readonly LiveRate[]
  /** Of the last minute, the load of the benchmark itself included. */
  readonly loadAverageAtEnd: number
}

/** Tries rate after rate until one is not held. */
export async function measureLive(say: Say): Promise<LiveResult> {
  const rates: LiveRate[] = []
  for (const rate of RATES) {
    const result = await measureRate(rate)
    rates.push(result)
    const { p50Seconds, p99Seconds, isHeld } = result
    say(`live: ${rate} packets/s, p50 ${p50Seconds} s, p99 ${p99Seconds} s${isHeld ? '' : ', not held'}`)
    if (!isHeld) break
  }
  const held = rates.filter(({ isHeld }) => isHeld).at(-1)
  return {
    packetsPerSecond: held?.packetsPerSecond ?? 0,
    p99Seconds: held?.p99Seconds ?? 0,
    rates,
    loadAverageAtEnd: Math.round(loadavg()[0]! * 100) / 100
  }
}

/** A deployment a rate, so that what one left behind is not the next one's. */
async function measureRate(packetsPerSecond: number): Promise<LiveRate> {
  const deployment = await BenchDeployment.open()
  try {
    const folder = join(deployment.folder, 'captures')
    const load = new LiveLoad({
      folder,
      sensors: SENSORS_USED,
      packetsPerSecond,
      seconds: HELD_SECONDS + SETTLING_SECONDS,
      fileSeconds: FILE_SECONDS
    })
    const services = []
    for (const verb of ['tagger', 'aggregator']) services.push(await deployment.start(verb, [verb]))
    await load.whenReady
    for (const sensor of SENSORS_USED) {
      const args = ['sensor', '--sensor', sensor, '--follow', join(folder, sensor)]
      services.push(await deployment.start(sensor, args))
    }
    const stages = watchUsage([
      ...services.map(({ name, child }) => ({ name, pid: child.pid! })),
      { name: 'kafka', pid: deployment.stack.kafka.pids[0]! },
      { name: 'redis', pid: deployment.stack.redis.pids[0]! }
    ])
    const delays = await watchCounts(deployment, load)
    const p99Seconds = delays.quantile(0.99)
    return {
      packetsPerSecond,
      p50Seconds: delays.quantile(0.5),
      p99Seconds,
      isHeld: delays.isComplete && p99Seconds < MOST_P99_SECONDS,
      stages: stages(packetsPerSecond * (HELD_SECONDS + SETTLING_SECONDS))
    }
  } finally {
    await deployment.close()
  }
}

/** Looks what is counted until all is, or it takes too long. */
async function watchCounts(deployment: BenchDeployment, load: LiveLoad): Promise<Delays> {
  const store = createStore(deployment.configuration, null, 'read')
  await store.start()
  try {
    const delays = new Delays(load.files)
    while (!load.hasEnded || !delays.isComplete) {
      await sleep(POLL_MS)
      deployment.checkAlive()
      delays.count(await framesOf(store), Date.now())
      if (load.hasEnded && Date.now() > load.endMs + PATIENCE_SECONDS * 1000) break
    }
    return delays
  } finally {
    await store.stop()
  }
}

/** Frames of each sensor that are in counts, or rejected by name. Before the aggregator's first flush there is no store. */
async function framesOf(store: CountStore): Promise<Map<string, number>> {
  const totals = await store.sensorTotals()
  return new Map(
    totals.map((each: SensorTotals) => [each.sensor, each.countedPackets + rejectedFramesOf(each)])
  )
}

/** How long packets took, by what is counted when: those of a sensor are counted in the order in which they came. */
class Delays {
  readonly #files: readonly LiveFile[]
  readonly #counted = new Map<string, number>()
  /** Packets by delay, in steps of BIN_MS. */
  readonly #bins: number[] = []

  constructor(files: readonly LiveFile[]) {
    this.#files = files
  }

  /** Whether every frame that came is counted. */
  get isComplete(): boolean {
    const came = new Map<string, number>()
    for (const { sensor, frames } of this.#files) came.set(sensor, (came.get(sensor) ?? 0) + frames)
    return [...came].every(([sensor, frames]) => (this.#counted.get(sensor) ?? 0) >= frames)
  }

  count(frames: ReadonlyMap<string, number>, nowMs: number): void {
    const before = new Map<string, number>()
    const settledMs = (this.#files[0]?.fromMs ?? 0) + SETTLING_SECONDS * 1000
    for (const file of this.#files) {
      const start = before.get(file.sensor) ?? 0
      before.set(file.sensor, start + file.frames)
      const from = Math.max(start, this.#counted.get(file.sensor) ?? 0)
      const to = Math.min(start + file.frames, frames.get(file.sensor) ?? 0)
      if (to <= from || file.fromMs < settledMs) continue
      const msPerFrame = (file.toMs - file.fromMs) / file.frames
      for (let frame = from; frame < to; frame++)
        this.#add(nowMs - file.fromMs - (frame - start) * msPerFrame)
    }
    for (const [sensor, count] of frames) this.#counted.set(sensor, count)
  }

  /** In seconds; not a number where nothing was counted. */
  quantile(share: number): number {
    const total = this.#bins.reduce((sum, packets) => sum + (packets ?? 0), 0)
    let seen = 0
    for (let bin = 0; bin < this.#bins.length; bin++) {
      seen += this.#bins[bin] ?? 0
      if (seen >= share * total && total > 0) return ((bin + 1) * BIN_MS) / 1000
    }
    return Number.NaN
  }

  #add(delayMs: number): void {
    const bin = Math.max(0, Math.floor(delayMs / BIN_MS))
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1
  }
}
