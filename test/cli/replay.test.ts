import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import { NO_LOG } from '../../adapters/log.ts'
import { readConfiguration } from '../../core/configuration.ts'
import { createBus } from '../../services/connections.ts'
import { type Deployment, freshDeployment, SENSOR } from '../shown-by/stack/deployment.ts'
import { eventually } from '../shown-by/stack/eventually.ts'
import { newFolder, noPacket, syn, writeCapture } from './capture-files.ts'
import { parseLines, stormpetrel } from './collected-output.ts'
import { pipeOf } from './pipes.ts'

const RUN = 'r'
const BIG_CAPTURE_PACKETS = 3_000_000

let deployment: Deployment

beforeEach(async () => {
  deployment = await freshDeployment()
})

afterEach(() => deployment.end())

function threeFrames(): string {
  return writeCapture(newFolder(), 'a.pcap', [syn(1, 23), syn(2, 80), noPacket()])
}

/** A capture that takes seconds to be published. */
function bigCapture(): string {
  const file = path.join(deployment.folder, 'big.pcap')
  writeSynCapture(file, {
    packets: BIG_CAPTURE_PACKETS,
    seed: 5,
    startSeconds: 1_655_000_000,
    packetsPerSecond: 1000,
    newSourceShare: 0
  })
  return file
}

/** Records on the run's raw topic; 0 where there is none yet. */
async function publishedBatches(): Promise<number> {
  const bus = createBus(readConfiguration(deployment.environment), RUN, [], NO_LOG, { patienceMs: 5000 })
  try {
    await bus.start()
    return (await bus.endOffsets('packets.raw')).reduce((sum, end) => sum + end, 0)
  } catch {
    // The topic is not there yet.
    return 0
  } finally {
    await bus.stop()
  }
}

test('replay of a sensor that is not declared is an error, and makes no run', async () => {
  const { exitCode, stdout, stderr } = await deployment.call(
    'replay',
    '--run',
    RUN,
    '--sensor',
    'local',
    threeFrames()
  )

  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(
    new RegExp(`^stormpetrel: sensor local is not declared \\(declared: ${SENSOR}\\); .*\n$`)
  )
  expect(parseLines((await deployment.call('runs')).stdout)).toEqual([])
})

test('replay takes the only declared sensor, plays a pipe too, and says what the run holds', async () => {
  const file = threeFrames()
  const other = writeCapture(newFolder(), 'other.pcap', [syn(3, 23)])
  const args = ['replay', '--run', RUN, file, pipeOf(other)]

  const { exitCode, stderr } = await stormpetrel(args, deployment.environment, true)

  expect(exitCode).toBe(0)
  expect(stderr).toContain(
    'stormpetrel: run r: 4 frames of 2 captures played; the run holds 3 packets counted and 1 frame rejected\n'
  )
  // Connecting to the real stack takes over a second: there is a bar, and it is gone at the end.
  expect(stderr).toMatch(/\[#*\.*\] file \d of 2, \d+ frames, .*\r/)
  const { stdout } = await deployment.call('counts', '--run', RUN, '--by', 'sensor,port')
  expect(parseLines(stdout)).toMatchObject([
    { sensor: SENSOR, port: '23/TCP', packets: 2 },
    { sensor: SENSOR, port: '80/TCP', packets: 1 }
  ])
})

test('replay whose batches are rejected whole by a tagger elsewhere ends with exit 1 and says why', async () => {
  const otherList = path.join(deployment.folder, 'other.yaml')
  writeFileSync(otherList, 'sensors:\n  - id: osaka-1\n    country: JP\n    dark-space: [203.0.113.0/24]\n')
  const replay = deployment.start(['replay', '--run', RUN, '--taggers', '0', threeFrames()])
  await replay.logLine(({ message }) => message === 'run is ready for its workers')
  deployment.start(['tagger', '--run', RUN], { STORMPETREL_SENSORS_FILE: otherList })

  const { exitCode, stderr } = await replay.ended

  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    'played, but not all counted: the run holds 0 packets counted and 0 frames rejected, and whole batches were rejected (frames: 3 as unknown-sensor); '
  )
})

test('replay that is told to stop while it publishes ends in order, and says that it is not at the end', async () => {
  const file = bigCapture()
  const replay = deployment.start(['replay', '--run', RUN, '--taggers', '0', '--aggregators', '0', file])
  await replay.logLine(({ message }) => message === 'run is ready for its workers')
  await eventually('batches are published', publishedBatches, (batches) => batches > 0)

  replay.kill('SIGINT')

  const { exitCode, signal, stderr } = await replay.ended
  expect([exitCode, signal]).toEqual([1, null])
  const [, frames] =
    /stormpetrel: run r: (\d+) frames of 1 capture played, but stopped before the end; /.exec(stderr) ?? []
  expect(Number(frames)).toBeGreaterThan(0)
  expect(Number(frames)).toBeLessThan(BIG_CAPTURE_PACKETS)
})
