// `sensor --follow` on the real stack: files that another program adds, read once whatever happens to the sensor.
import { mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
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
})
