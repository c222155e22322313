import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import { NO_LOG } from '../../adapters/log.ts'
import { readConfiguration } from '../../core/configuration.ts'
import { createBus } from '../../services/connections.ts'
import { type Deployment, freshDeployment, SENSOR } from '../shown-by/stack/deployment.ts'
import { eventually } from '../shown-by/stack/eventually.ts'
import { newFolder, noPacket, syn, writeCapture } from './capture-files.ts'
import { stormpetrel } from './collected-output.ts'
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
  const bus = createBus(readConfiguration(deployment.environment), RUN, [], NO_LOG, 5000)
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

test('replay on a terminal shows a bar, which is gone at the end', async () => {
  const file = threeFrames()
  const other = writeCapture(newFolder(), 'other.pcap', [syn(3, 23)])
  const args = ['replay', '--run', RUN, '--sensor', SENSOR, file, pipeOf(other)]

  const { exitCode, stderr } = await stormpetrel(args, deployment.environment, true)

  expect(exitCode).toBe(0)
  // Connecting to the real stack takes over a second: there is a bar, and it is gone at the end.
  expect(stderr).toMatch(/\[#*\.*\] file \d of 2, \d+ frames, .*\r/)
})

test('replay that is told to stop while it publishes ends in order, and says that it is not at the end', async () => {
  const file = bigCapture()
  const replay = deployment.start([
    'replay',
    '--run',
    RUN,
    '--sensor',
    SENSOR,
    '--taggers',
    '0',
    '--aggregators',
    '0',
    file
  ])
  await replay.logLine(({ message }) => message === 'run is ready for its workers')
  await eventually('batches are published', publishedBatches, (batches) => batches > 0)

  replay.kill('SIGINT')

  const { exitCode, signal, stderr } = await replay.ended
  expect([exitCode, signal]).toEqual([1, null])
  const [, frames] =
    /stormpetrel: run r: (\d+) packets of 1 captures played, but stopped before the end; /.exec(stderr) ?? []
  expect(Number(frames)).toBeGreaterThan(0)
  expect(Number(frames)).toBeLessThan(BIG_CAPTURE_PACKETS)
})
