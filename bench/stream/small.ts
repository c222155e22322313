// What the small telescope needs, which is most of them: a sensor at 100 packets a second, and how long a start takes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { measure, type MeasuredProgram } from '../measured-process.ts'
import { BenchDeployment, SENSORS } from './deployment.ts'
import type { Say } from './drain.ts'
import { LiveLoad } from './live-load.ts'
import { cpuSecondsOf, peakRssMibOf, residentMibOf } from './process-usage.ts'

const PACKETS_PER_SECOND = 100
/** Start-up is over by then. */
const SETTLING_SECONDS = 10
const MEASURED_SECONDS = 30
/** As of tcpdump -G 5. */
const FILE_SECONDS = 5
/** A sensor's own machine sets nothing that only counting needs. */
const SETTINGS = { STORMPETREL_FOLLOW_SETTLE_SECONDS: '5', STORMPETREL_DAY_TIME_ZONES: '' }
const ROUNDS = 10
const READY = 'Stormpetrel is up'

/** A sensor on a /24 or so, and starts. */
export interface SmallResult {
  readonly sensorResidentMib: number
  readonly sensorPeakMib: number
  /** Of one core. */
  readonly sensorCpuShare: number
  /** The median of ten, with files in the page cache. */
  readonly helpMs: number
  /** Until `up` answers, with the geo cache warm; likewise. */
  readonly upReadyMs: number
}

export async function measureSmall(say: Say): Promise<SmallResult> {
  const sensor = await measureSensor()
  const starts = await measureStarts()
  const result = { ...sensor, ...starts }
  say(`small: ${JSON.stringify(result)}`)
  return result
}

async function measureSensor(): Promise<
  Pick<SmallResult, 'sensorResidentMib' | 'sensorPeakMib' | 'sensorCpuShare'>
> {
  const deployment = await BenchDeployment.open()
  try {
    const [sensor] = Object.keys(SENSORS)
    const folder = join(deployment.folder, 'captures')
    const seconds = SETTLING_SECONDS + MEASURED_SECONDS + 5
    const load = new LiveLoad({
      folder,
      sensors: [sensor!],
      packetsPerSecond: PACKETS_PER_SECOND,
      seconds,
      fileSeconds: FILE_SECONDS
    })
    await load.whenReady
    const args = ['sensor', '--sensor', sensor!, '--follow', join(folder, sensor!)]
    const { child } = await deployment.start('sensor', args, null, SETTINGS)
    await sleep(SETTLING_SECONDS * 1000)
    const before = cpuSecondsOf(child.pid!)
    await sleep(MEASURED_SECONDS * 1000)
    deployment.checkAlive()
    const used = cpuSecondsOf(child.pid!) - before
    const result = {
      sensorResidentMib: Math.round(residentMibOf(child.pid!)),
      sensorPeakMib: Math.round(peakRssMibOf(child.pid!)),
      sensorCpuShare: Math.round((used / MEASURED_SECONDS) * 1000) / 1000
    }
    load.stop()
    return result
  } finally {
    await deployment.close()
  }
}

async function measureStarts(): Promise<Pick<SmallResult, 'helpMs' | 'upReadyMs'>> {
  const folder = mkdtempSync(join(tmpdir(), 'stormpetrel-bench-'))
  const start: Omit<MeasuredProgram, 'args' | 'endsAfter'> = {
    program: 'bin/stormpetrel.js',
    environment: {
      PATH: process.env.PATH ?? '',
      STORMPETREL_CACHE_FOLDER: folder,
      STORMPETREL_HTTP_PORT: '0'
    },
    keepsOutput: true
  }
  try {
    return {
      helpMs: await medianMs({ ...start, args: ['--help'], endsAfter: null }),
      upReadyMs: await medianMs({ ...start, args: ['up'], endsAfter: READY })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Until it has printed what it ends after; the first run, which fills caches, is not counted. */
async function medianMs(program: MeasuredProgram): Promise<number> {
  await measure(program)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) times.push((await measure(program)).printedSeconds * 1000)
  times.sort((a, b) => a - b)
  return Math.round(times[ROUNDS >> 1]!)
}
