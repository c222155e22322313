// `sensor --follow` on the real stack: files that another program adds, read once whatever happens to the sensor.
import { mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { findFreePort } from '../../tools/stack/free-port.ts'
import { type Deployment, freshDeployment, SENSOR } from './stack/deployment.ts'
import { eventually } from './stack/eventually.ts'
import { framesOf, readRawTopic } from './stack/raw-topic.ts'

let deployment: Deployment

beforeAll(async () => {
  deployment = await freshDeployment({ STORMPETREL_FOLLOW_SETTLE_SECONDS: '0' })
  expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
})

afterAll(() => deployment.end())

/** Adds a closed capture by renaming it into the folder. */
function addCapture(folder: string, name: string, packets: number): void {
  const hidden = path.join(folder, `.${name}`)
  writeSynCapture(hidden, {
    packets,
    seed: packets,
    startSeconds: Math.floor(Date.now() / 1000) - 60,
    packetsPerSecond: 1_000_000,
    newSourceShare: 0.1
  })
  renameSync(hidden, path.join(folder, name))
}

/** Numbers of each epoch, in order of arrival. */
function numbersByEpoch(batches: readonly RawBatch[]): number[][] {
  const byEpoch = new Map<string, number[]>()
  for (const { name } of batches) byEpoch.set(name.epoch, [...(byEpoch.get(name.epoch) ?? []), name.number])
  return [...byEpoch.values()]
}

test('kill -9 at any moment loses no frame, doubles none and gives no name twice', async () => {
  const folder = path.join(deployment.folder, 'captures')
  mkdirSync(folder)
  const follow = ['sensor', '--sensor', SENSOR, '--follow', folder]
  let frames = 0
  for (let round = 0; round < 4; round++) {
    const sensor = await deployment.startReady(follow)
    for (let file = 0; file < 3; file++) {
      addCapture(folder, `${round}-${file}.pcap`, 30_000 + round)
      frames += 30_000 + round
    }
    await eventually(
      'it has sent something',
      () => sensor.metric('stormpetrel_batches_total'),
      (batches) => batches > round
    )
    sensor.kill('SIGKILL')
    await sensor.ended
  }

  const sensor = await deployment.startReady(follow)
  await eventually(
    'all files are read',
    () => sensor.metric('stormpetrel_spool_waiting_batches'),
    (waiting) => waiting === 0
  )
  const batches = await readRawTopic(deployment, (all) => framesOf(all) >= frames)
  const { exitCode } = await sensor.terminate()

  expect(exitCode).toBe(0)
  expect(framesOf(batches)).toBe(frames)
  const read = batches.flatMap(({ file, frames: numbers }) =>
    [...numbers].map((number) => `${file} ${number}`)
  )
  expect(new Set(read).size).toBe(frames)
  for (const numbers of numbersByEpoch(batches)) expect(numbers).toEqual(numbers.map((_, i) => i + 1))
  await deployment.startReady(['tagger'])
  const aggregator = await deployment.startReady(['aggregator'])
  await eventually(
    'every packet is counted, once',
    () => aggregator.metric('stormpetrel_counted_packets_total'),
    (counted) => counted >= frames,
    90_000
  )
  expect(await aggregator.metric('stormpetrel_counted_packets_total')).toBe(frames)
})

test('a spool that is full while Kafka is away drops what waits, counts it and declares it', async () => {
  const folder = path.join(deployment.folder, 'limited')
  mkdirSync(folder)
  const follow = ['sensor', '--sensor', SENSOR, '--follow', folder]
  const settings = {
    STORMPETREL_SPOOL_FOLDER: path.join(deployment.folder, 'limited-spool'),
    STORMPETREL_SPOOL_SIZE_MIB: '1',
    STORMPETREL_HEARTBEAT_SECONDS: '0.2',
    STORMPETREL_STOP_SECONDS: '0'
  }
  const away = { ...settings, STORMPETREL_KAFKA_BROKERS: `127.0.0.1:${await findFreePort()}` }
  const first = await deployment.startReady(follow, away)
  for (let file = 0; file < 10; file++) addCapture(folder, `${file}.pcap`, 9000)
  await eventually(
    'all files are read',
    () => first.metric('stormpetrel_finished_files_total'),
    (files) => files === 10
  )
  const dropped = await first.metric('stormpetrel_spool_dropped_frames_total')
  expect(dropped).toBeGreaterThan(50_000)
  expect(await first.metric('stormpetrel_spool_bytes')).toBeLessThan(1.5 * 1024 * 1024)
  expect((await first.terminate()).exitCode).toBe(0)

  const second = await deployment.startReady(follow, settings)
  const mine = (all: readonly RawBatch[]) => {
    const { epoch } = all.find(({ file }) => file?.startsWith(folder) === true)?.name ?? { epoch: '' }
    return all.flatMap(({ declaredLosses }) => declaredLosses.filter((loss) => loss.epoch === epoch))
  }
  const batches = await readRawTopic(deployment, (all) => mine(all).some(({ kind }) => kind === 'epoch-end'))
  const sent = framesOf(batches.filter(({ file }) => file?.startsWith(folder) === true))
  const losses = mine(batches)
  const lost = losses.filter(({ kind }) => kind === 'spool-drop').reduce((sum, { frames }) => sum + frames, 0)

  // What was read last may have pushed out more since the metric was read.
  expect(lost).toBeGreaterThanOrEqual(dropped)
  expect(sent + lost).toBe(90_000)
  expect(losses.find(({ kind }) => kind === 'epoch-end')?.frames).toBe(90_000)
  expect((await second.terminate()).exitCode).toBe(0)
})
