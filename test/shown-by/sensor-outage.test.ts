// A sensor whose brokers, registry or disk are not there: it spools, says so, and sends in order when they are.
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ConfigResourceTypes, Kafka as KafkaClient, logLevel } from 'kafkajs'
import { NO_LOG } from '../../adapters/log.ts'
import { Spool } from '../../adapters/spool.ts'
import { writeSynCapture } from '../../bench/syn-capture.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts'
import { RegistryGate } from '../adapters/kafkajs/registry-gate.ts'
import { sharedRegistry } from '../stack/shared-stack.ts'
import { Deployment, SENSOR } from './stack/deployment.ts'
import { eventually } from './stack/eventually.ts'
import type { Program } from './stack/program.ts'
import { framesOf, readRawTopic } from './stack/raw-topic.ts'

let kafka: Kafka
let gate: RegistryGate
const deployments: Deployment[] = []

beforeAll(async () => {
  const [started, registryUrl] = await Promise.all([startKafka(), sharedRegistry()])
  kafka = started
  gate = await RegistryGate.open(registryUrl)
})

afterAll(async () => {
  await Promise.all(deployments.map((deployment) => deployment.end()))
  await gate.close()
  await kafka.stop()
})

async function freshDeployment(): Promise<{ deployment: Deployment; folder: string; follow: string[] }> {
  const addresses = { kafkaBrokers: kafka.brokers, registryUrl: gate.url, redisUrl: 'redis://127.0.0.1:1' }
  const deployment = new Deployment(addresses, {
    STORMPETREL_FOLLOW_SETTLE_SECONDS: '0',
    STORMPETREL_HEARTBEAT_SECONDS: '0.2',
    STORMPETREL_STOP_SECONDS: '1'
  })
  deployments.push(deployment)
  await deployment.call('check', '--apply')
  const folder = path.join(deployment.folder, 'captures')
  mkdirSync(folder)
  return { deployment, folder, follow: ['sensor', '--sensor', SENSOR, '--follow', folder] }
}

function addCapture(folder: string, name: string, packets: number): void {
  const hidden = path.join(folder, `.${name}`)
  const startSeconds = Math.floor(Date.now() / 1000) - 60
  writeSynCapture(hidden, {
    packets,
    seed: packets,
    startSeconds,
    packetsPerSecond: 1e6,
    newSourceShare: 0.1
  })
  renameSync(hidden, path.join(folder, name))
}

function waiting(sensor: Program, isRight: (batches: number) => boolean): Promise<number> {
  return eventually('batches wait', () => sensor.metric('stormpetrel_spool_waiting_batches'), isRight)
}

/** `epoch number` of each batch, the epochs numbered as they come. */
function order(batches: readonly RawBatch[]): string[] {
  const epochs = [...new Set(batches.map(({ name }) => name.epoch))]
  return batches.map(({ name }) => `${epochs.indexOf(name.epoch)} ${name.number}`)
}

test('Kafka and registry away at the start, and again later: everything comes in order, without a hole', async () => {
  const { deployment, folder, follow } = await freshDeployment()
  await kafka.halt()
  gate.isShut = true
  const first = await deployment.startReady(follow)
  addCapture(folder, 'a.pcap', 10_000)
  await waiting(first, (batches) => batches === 3)
  expect(await first.metric('stormpetrel_spool_bytes')).toBeGreaterThan(500_000)
  const end = await first.terminate()
  expect([end.exitCode, end.signal]).toEqual([0, null])

  const second = await deployment.startReady(follow)
  addCapture(folder, 'b.pcap', 10_000)
  await waiting(second, (batches) => batches >= 6)
  await kafka.start()
  gate.isShut = false
  await waiting(second, (batches) => batches === 0)
  await kafka.kill9()
  addCapture(folder, 'c.pcap', 10_000)
  await waiting(second, (batches) => batches === 3)
  await kafka.start()
  await waiting(second, (batches) => batches === 0)
  const batches = await readRawTopic(deployment, (all) => framesOf(all) >= 30_000)
  expect((await second.terminate()).exitCode).toBe(0)

  expect(framesOf(batches)).toBe(30_000)
  const before = ['0 1', '0 2', '0 3']
  expect(order(batches)).toEqual([...before, ...batches.slice(3).map((_, i) => `1 ${i + 1}`)])
  expect(batches.find(({ declaredLosses }) => declaredLosses.length > 0)).toMatchObject({
    name: { number: 1 },
    declaredLosses: [{ kind: 'epoch-end', epoch: batches[0]!.name.epoch, from: 4, to: 0, frames: 10_000 }]
  })
}, 240_000)

test('a batch that the brokers refuse is dropped as a declared gap, and the lane goes on', async () => {
  const { deployment, folder, follow } = await freshDeployment()
  const sensor = await deployment.startReady(follow)
  addCapture(folder, 'a.pcap', 5)
  await eventually(
    'the first is sent',
    () => sensor.metric('stormpetrel_batches_total'),
    (batches) => batches === 1
  )
  const admin = new KafkaClient({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const name = `${deployment.topicPrefix}packets.raw`
  const configEntries = [
    { name: 'max.message.bytes', value: '20000' },
    { name: 'message.timestamp.type', value: 'LogAppendTime' }
  ]
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }]
  })
  await admin.disconnect()

  addCapture(folder, 'b.pcap', 3000)
  addCapture(folder, 'c.pcap', 6)
  await eventually(
    'the batch is dropped',
    () => sensor.metric('stormpetrel_spool_dropped_frames_total'),
    (frames) => frames === 3000
  )
  // Readers, too, refuse a topic that is set like this.
  await deployment.call('check', '--apply')
  const batches = await readRawTopic(deployment, (all) =>
    all.some((batch) => batch.declaredLosses.length > 0)
  )

  expect(batches.map(({ packets }) => packets).filter((packets) => packets > 0)).toEqual([5, 6])
  const { epoch } = batches[0]!.name
  expect(batches.at(-1)!.declaredLosses).toEqual([
    { epoch, lane: 0, from: 2, to: 2, frames: 3000, kind: 'spool-drop' }
  ])
  await sensor.logLine(({ level, message }) => level === 'error' && String(message).includes('refuse'))
  expect((await sensor.terminate()).exitCode).toBe(0)
})

test('a second start of a sensor ends with exit code 1, also while the first is stopped', async () => {
  const { deployment, follow } = await freshDeployment()
  const first = await deployment.startReady(follow)
  first.kill('SIGSTOP')

  const second = await deployment.start(follow).ended

  expect([second.exitCode, second.stdout]).toEqual([1, ''])
  expect(second.stderr).toMatch(/^stormpetrel: the spool .* is in use: this sensor runs already; stop .*$/m)
  first.kill('SIGCONT')
  expect((await first.terminate()).exitCode).toBe(0)
})

test('a lane whose partition the topics do not have any more ends the sensor by name', async () => {
  const { deployment, follow } = await freshDeployment()
  const spool = new Spool({
    folder: path.join(deployment.folder, 'spool', encodeURIComponent(deployment.topicPrefix), SENSOR),
    sensor: SENSOR,
    sizeLimitBytes: 1024 * 1024,
    ageLimitMs: 1e9,
    full: 'drop-oldest',
    nowMs: Date.now,
    log: NO_LOG,
    onFailure: () => undefined
  })
  await spool.start()
  await spool.fixPartition(0, 7)
  await spool.stop()

  const { exitCode, stderr } = await deployment.start(follow).ended

  expect(exitCode).toBe(1)
  expect(stderr).toMatch(
    /^stormpetrel: lane 0 of this sensor has partition 7 for life, and .* has only 4 partitions; /m
  )
})

const onRoot = process.getuid?.() === 0 ? test : test.skip
onRoot(
  'a full disk ends the sensor with a clear error, and what was acknowledged is not lost',
  async () => {
    const { deployment, folder, follow } = await freshDeployment()
    const disk = path.join(deployment.folder, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      const settings = { STORMPETREL_SPOOL_FOLDER: disk }
      await kafka.halt()
      const first = await deployment.startReady(follow, settings)
      for (let i = 0; i < 4; i++) addCapture(folder, `${i}.pcap`, 9000)
      const { exitCode, stderr } = await first.ended
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        /^stormpetrel: the spool .* cannot be written: ENOSPC: .*; free space on its disk, .*$/m
      )

      execFileSync('mount', ['-o', 'remount,size=64m', disk])
      await kafka.start()
      const second = await deployment.startReady(follow, settings)
      const batches = await readRawTopic(deployment, (all) => framesOf(all) >= 36_000)
      expect(framesOf(batches)).toBe(36_000)
      expect((await second.terminate()).exitCode).toBe(0)
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  },
  180_000
)
