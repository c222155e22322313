// `stormpetrel sensor`: an interface, captures or a folder of them, through the spool, to packets.raw. It loads neither
// geo data nor the registry's client.
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CaptureFile } from '../../adapters/capture-files.ts'
import { unreadable } from '../../adapters/file-chunks.ts'
import { isRefusedForGood } from '../../adapters/kafkajs/connection.ts'
import type { CaptureToolName } from '../../adapters/live-capture.ts'
import type { Log } from '../../adapters/log.ts'
import { readSensorList } from '../../adapters/sensor-list-file.ts'
import { Spool } from '../../adapters/spool.ts'
import { SPOOLED_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { Rehearsal } from '../../core/batch/rehearsal.ts'
import type { Configuration } from '../../core/configuration.ts'
import { chooseSensor } from '../../core/telescope/choose-sensor.ts'
import { isActiveAt } from '../../core/telescope/sensor-list.ts'
import { createBus } from '../kafka-bus.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import { createServiceServer } from '../http/service-endpoints.ts'
import { Life, withParts } from '../life.ts'
import { processLog } from '../log.ts'
import { Exposition } from '../metrics/exposition.ts'
import { buildReading, sensorReadings, spoolReadings } from '../metrics/readings.ts'
import { FollowedFolder } from './followed-folder.ts'
import { LiveSensor } from './live-sensor.ts'
import { SensorCounters } from './metrics.ts'
import { spoolFiles } from './spool-files.ts'
import { spoolFolder } from './spool-folder.ts'
import { SpoolSender } from './spool-sender.ts'

/** What a sensor reads: an interface or a folder until it is stopped, or captures to their end. */
export type SensorInput =
  | {
      readonly kind: 'interface'
      readonly name: string
      readonly filter: string
      readonly tool: CaptureToolName
    }
  | {
      readonly kind: 'files'
      readonly files: readonly CaptureFile[]
      /** Null: they are as old as they are, and as fast as they can be read. */
      readonly rehearsalSpeed: number | null
    }
  | { readonly kind: 'folder'; readonly folder: string }

/** What became of captures; of an interface or a folder there is nothing to tell. */
export interface SensorResult {
  /** Captures that could not be read to their end. */
  readonly failures: readonly PlayFailure[]
  /** Packets that were sent and that taggers will reject, since they are too old or of the future. */
  readonly packetsOutsideClock: number
}

const NOTHING_TO_TELL: SensorResult = { failures: [], packetsOutsideClock: 0 }

/** Throws SP_SENSOR_UNKNOWN for an id that is not declared, and SP_SPOOL_LOCKED where the sensor runs already. */
export async function runSensor(
  configuration: Configuration,
  sensor: string,
  input: SensorInput,
  version: string
): Promise<SensorResult> {
  const log = processLog('sensor')
  await checkDeclared(configuration, sensor, log)
  if (input.kind === 'folder') await unreadable(input.folder, checkFolder(input.folder))
  const life = new Life()
  const counters = new SensorCounters()
  const spool = createSpool(configuration, sensor, log, life)
  const sender = createSender(configuration, spool, input.kind === 'files', counters, log, life)
  const exposition = new Exposition(() => [
    buildReading(version, 'sensor'),
    ...sensorReadings(sensor, counters),
    ...spoolReadings(sensor, spool, Date.now())
  ])
  let isReady = false
  const address = { host: configuration.metricsHost, port: configuration.metricsPort }
  const server = createServiceServer(address, exposition, () => isReady && !life.isEnding)
  return await withParts([spool, server, sender], async () => {
    if (input.kind === 'files') return await playFiles(input, sensor, spool, counters, life, log)
    const started = (): void => {
      isReady = true
      const source = input.kind === 'folder' ? { folder: input.folder } : { interface: input.name }
      log('info', 'sensor is ready', {
        sensor,
        ...source,
        epoch: spool.epoch,
        metrics: `${server.url}/metrics`
      })
    }
    const stopMs = configuration.stopSeconds * 1000
    if (input.kind === 'folder') {
      const options = followOptions(configuration, sensor, spool, sender, counters, log)
      await follow(new FollowedFolder({ ...options, folder: input.folder }), life, started)
    } else {
      const live = createLive(configuration, sensor, input, spool, counters, life)
      await withParts([live], async () => {
        const ended = life.untilEnd()
        started()
        await ended
      })
    }
    await spool.untilEmpty(stopMs)
    log('info', 'sensor ends', { sensor, waitingBatches: spool.waitingBatches })
    return NOTHING_TO_TELL
  })
}

/** Where it ends before all is acknowledged, says what becomes of the rest. */
async function playFiles(
  { files, rehearsalSpeed }: Extract<SensorInput, { kind: 'files' }>,
  sensor: string,
  spool: Spool,
  counters: SensorCounters,
  life: Life,
  log: Log
): Promise<SensorResult> {
  try {
    const rehearsal = rehearsalSpeed === null ? null : new Rehearsal(rehearsalSpeed, Date.now)
    return await spoolFiles(files, sensor, spool, counters, life, rehearsal)
  } catch (error) {
    const { waitingBatches } = spool
    if (waitingBatches > 0) {
      log(
        'warn',
        'batches stay in the spool for the next start of this sensor; playing a capture again counts it again',
        {
          sensor,
          waitingBatches
        }
      )
    }
    throw error
  }
}

function createSpool(configuration: Configuration, sensor: string, log: Log, life: Life): Spool {
  return new Spool({
    folder: spoolFolder(configuration, sensor),
    sensor,
    sizeLimitBytes: configuration.spoolSizeMib * 1024 * 1024,
    ageLimitMs: configuration.spoolAgeHours * 3_600_000,
    full: configuration.spoolFull,
    nowMs: Date.now,
    log,
    onFailure: life.fail
  })
}

function createSender(
  configuration: Configuration,
  spool: Spool,
  givesUp: boolean,
  counters: SensorCounters,
  log: Log,
  life: Life
): SpoolSender {
  return new SpoolSender({
    spool,
    openBus: () => createBus(configuration, null, ['packets.raw'], log),
    isRefusal: isRefusedForGood,
    givesUp,
    onSent: (batch, sentBytes) => {
      counters.count(batch, sentBytes)
      counters.latency.observe(Date.now() - batch.closedAtMs)
    },
    log,
    onFailure: life.fail
  })
}

function followOptions(
  configuration: Configuration,
  sensor: string,
  spool: Spool,
  sender: SpoolSender,
  counters: SensorCounters,
  log: Log
) {
  return {
    sensor,
    spool,
    settleMs: configuration.followSettleSeconds * 1000,
    heartbeatMs: configuration.heartbeatSeconds * 1000,
    nowMs: Date.now,
    isAway: sender.isAway,
    counters,
    log
  }
}

function createLive(
  configuration: Configuration,
  sensor: string,
  input: Extract<SensorInput, { kind: 'interface' }>,
  spool: Spool,
  counters: SensorCounters,
  life: Life
): LiveSensor {
  return new LiveSensor({
    sensor,
    epoch: spool.epoch,
    epochStartedMs: spool.epochStartedMs,
    capture: { interface: input.name, filter: input.filter, tool: input.tool },
    limits: SPOOLED_BATCH_LIMITS,
    batchAgeMs: configuration.batchAgeMs,
    heartbeatMs: configuration.heartbeatSeconds * 1000,
    takeLosses: () => spool.nextLosses(),
    nowMs: Date.now,
    publish: (batch) => spool.append(batch, null),
    counters,
    onFailure: life.fail
  })
}

/** Reads the folder until the process is told to end; what was read until then is safe when this resolves. */
async function follow(folder: FollowedFolder, life: Life, started: () => void): Promise<void> {
  const ending = new AbortController()
  const reading = folder.run(ending.signal)
  reading.catch(life.fail)
  // Whoever reads that it is ready may tell it to end at once.
  const ended = life.untilEnd()
  started()
  try {
    await ended
  } catch (error) {
    // Reading ends as it can; what went wrong first is told.
    ending.abort()
    await Promise.race([reading.catch(() => undefined), sleep(READING_END_MS, undefined, { ref: false })])
    throw error
  }
  ending.abort()
  await reading
}

/** How long reading may take to end where something has failed. */
const READING_END_MS = 2000

async function checkFolder(folder: string): Promise<void> {
  if (!(await stat(folder)).isDirectory()) throw new Error('it is no folder')
}

/** Without sensors.yaml the only sensor is `local`. */
async function checkDeclared({ sensorsFile }: Configuration, sensor: string, log: Log): Promise<void> {
  const declared = chooseSensor(await readSensorList(sensorsFile), sensor)
  // Its packets are counted all the same: a wrong date in a list must not lose what was seen.
  if (!isActiveAt(declared, Date.now() / 1000))
    log('warn', 'sensor is not active today by sensors.yaml; correct its days there', { sensor })
}
