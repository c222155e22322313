// `stormpetrel sensor`: an interface or captures to packets.raw. It loads neither geo data nor the registry's client.
import { randomBytes } from 'node:crypto'
import type { CaptureFile } from '../../adapters/capture-files.ts'
import type { CaptureToolName } from '../../adapters/live-capture.ts'
import type { Log } from '../../adapters/log.ts'
import { readSensorList } from '../../adapters/sensor-list-file.ts'
import { DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { packetsOutsideClock } from '../../core/batch/clock-rule.ts'
import { livePartition } from '../../core/batch/partition.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { Bus } from '../../core/bus.ts'
import type { Configuration } from '../../core/configuration.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { chooseSensor } from '../../core/telescope/choose-sensor.ts'
import { isActiveAt } from '../../core/telescope/sensor-list.ts'
import { createBus } from '../connections.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import { createServiceServer } from '../http/service-endpoints.ts'
import { Life, withParts } from '../life.ts'
import { processLog } from '../log.ts'
import { Exposition } from '../metrics/exposition.ts'
import { buildReading, sensorReadings } from '../metrics/readings.ts'
import { batchFile } from './file-batches.ts'
import { LiveSensor } from './live-sensor.ts'
import { SensorCounters } from './metrics.ts'

/** What a sensor reads: an interface until it is stopped, or captures to their end. */
export type SensorInput =
  | {
      readonly kind: 'interface'
      readonly name: string
      readonly filter: string
      readonly tool: CaptureToolName
    }
  | { readonly kind: 'files'; readonly files: readonly CaptureFile[] }

/** What became of captures; of an interface there is nothing to tell. */
export interface SensorResult {
  /** Captures that could not be read to their end. */
  readonly failures: readonly PlayFailure[]
  /** Packets that were sent and that taggers will reject, since they are too old or of the future. */
  readonly packetsOutsideClock: number
}

/** Throws SP_SENSOR_UNKNOWN for an id that is not declared. */
export async function runSensor(
  configuration: Configuration,
  sensor: string,
  input: SensorInput,
  version: string
): Promise<SensorResult> {
  const log = processLog('sensor')
  await checkDeclared(configuration, sensor, log)
  const life = new Life()
  const counters = new SensorCounters()
  const bus = createBus(configuration, null, ['packets.raw'], log)
  const exposition = new Exposition(() => [
    buildReading(version, 'sensor'),
    ...sensorReadings(sensor, counters)
  ])
  let isReady = false
  const address = { host: configuration.metricsHost, port: configuration.metricsPort }
  const server = createServiceServer(address, exposition, () => isReady && !life.isEnding)
  return await withParts([server, bus], async () => {
    const publish = await publisher(bus)
    const epoch = randomBytes(16).toString('hex')
    if (input.kind === 'files') return await sendFiles(input.files, sensor, epoch, publish, counters)
    const live = new LiveSensor({
      sensor,
      epoch,
      capture: { interface: input.name, filter: input.filter, tool: input.tool },
      limits: DEFAULT_BATCH_LIMITS,
      batchAgeMs: configuration.batchAgeMs,
      nowMs: Date.now,
      publish,
      counters,
      onFailure: life.fail
    })
    await withParts([live], async () => {
      isReady = true
      log('info', 'sensor is ready', { sensor, interface: input.name, metrics: `${server.url}/metrics` })
      await life.untilEnd()
    })
    return { failures: [], packetsOutsideClock: 0 }
  })
}

/** Without sensors.yaml the only sensor is `local`. */
async function checkDeclared({ sensorsFile }: Configuration, sensor: string, log: Log): Promise<void> {
  const declared = chooseSensor(await readSensorList(sensorsFile), sensor)
  // Its packets are counted all the same: a wrong date in a list must not lose what was seen.
  if (!isActiveAt(declared, Date.now() / 1000))
    log('warn', 'sensor is not active today by sensors.yaml; correct its days there', { sensor })
}

/** A lane keeps its partition for life: below the smaller partition count of the two topics. */
async function publisher(bus: Bus): Promise<(batch: RawBatch) => Promise<number>> {
  const partitions = Math.min(await bus.partitions('packets.raw'), await bus.partitions('packets.enriched'))
  return (batch) => bus.publish('packets.raw', livePartition(batch.name, partitions), [batch])
}

/** One file after the other, each a lane of its own of this start's epoch. */
async function sendFiles(
  files: readonly CaptureFile[],
  sensor: string,
  epoch: string,
  publish: (batch: RawBatch) => Promise<number>,
  counters: SensorCounters
): Promise<SensorResult> {
  const failures: PlayFailure[] = []
  let outsideClock = 0
  for (const [lane, file] of files.entries()) {
    const batching = { sensor, epoch, lane, epochStartedMs: Date.now(), limits: DEFAULT_BATCH_LIMITS }
    try {
      await batchFile(file, { ...batching, withDigest: true, nowMs: Date.now }, async (batch) => {
        counters.count(batch, await publish(batch))
        counters.latency.observe(Date.now() - batch.closedAtMs)
        outsideClock += packetsOutsideClock(batch)
      })
    } catch (error) {
      if (!(error instanceof StormpetrelError) || error.code === 'SP_KAFKA') throw error
      failures.push({ file: file.name, error })
    }
  }
  return { failures, packetsOutsideClock: outsideClock }
}
