// Trouble with Kafka on a cluster of three brokers that wants two of them for every record: restarts, a leader that is
// killed, services that come and go all the time, and services that stand still and go on. Every count is exact.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { type Admin, ConfigResourceTypes, Kafka as KafkaClient, logLevel } from 'kafkajs'
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts'
import { eventually } from '../shown-by/stack/eventually.ts'
import type { Program } from '../shown-by/stack/program.ts'
import { sharedRedis, sharedRegistry } from '../stack/shared-stack.ts'
import { PARTITIONS, type Running, Stream } from './stream/stream.ts'

const STORM_SECONDS = 20
/** How long a service stands still: its session, and its patience with the brokers, end before. */
const STOPPED_MS = 60_000

let kafka: Kafka
let admin: Admin
let stream: Stream

beforeAll(async () => {
  kafka = await startKafka({ nodeCount: 3, heapMib: 256 })
  admin = new KafkaClient({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
}, 240_000)

afterEach(() => stream.close())

afterAll(async () => {
  await admin.disconnect()
  await kafka.stop()
})

/** A stream on the cluster, under load. */
async function openStream(): Promise<void> {
  const [registryUrl, redisUrl] = await Promise.all([sharedRegistry(), sharedRedis()])
  stream = new Stream({ kafkaBrokers: kafka.brokers, registryUrl, redisUrl })
  await stream.open()
  stream.traffic.start()
}

/** Resolves when so many more packets were sent and acknowledged. */
async function untilSent(packets: number): Promise<void> {
  const before = stream.traffic.packets
  await eventually(
    'packets are acknowledged',
    () => Promise.resolve(stream.traffic.packets),
    (sent) => sent >= before + packets,
    120_000
  )
}

async function leaderOf(topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0]!.partitions.find(({ partitionId }) => partitionId === 0)!.leader
}

test('every broker is restarted in turn under load', async () => {
  await openStream()
  await Promise.all([stream.startTagger(), stream.startAggregator()])
  await untilSent(2000)

  for (const server of kafka.servers) {
    await server.stop()
    await untilSent(500)
    await server.start()
    await untilSent(500)
  }

  await stream.expectExact()
}, 300_000)

test('the leader of a partition is killed, and another broker leads', async () => {
  await openStream()
  const [, aggregator] = await Promise.all([stream.startTagger(), stream.startAggregator()])
  await stream.untilCounted(aggregator.counters, 2000)
  const enriched = `${stream.configuration.topicPrefix}packets.enriched`
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: enriched, configNames: ['min.insync.replicas'] }]
  })
  expect(resources[0]!.configEntries.map(({ configValue }) => configValue)).toEqual(['2'])

  const leader = await leaderOf(enriched)
  await kafka.servers[leader - 1]!.kill9()
  await eventually(
    'another broker leads',
    () => leaderOf(enriched),
    (now) => now !== leader && now >= 0
  )
  await untilSent(2000)
  await kafka.servers[leader - 1]!.start()

  await stream.expectExact()
}, 300_000)

test('taggers and aggregators join and leave every second', async () => {
  await openStream()
  const services: Running[] = await Promise.all([stream.startTagger(), stream.startAggregator()])

  for (let second = 0; second < STORM_SECONDS; second++) {
    const [joined] = await Promise.all([
      Promise.all([stream.startTagger(), stream.startAggregator()]),
      sleep(1000),
      ...services.splice(0, services.length > 4 ? 2 : 0).map((service) => service.stop())
    ])
    services.push(...joined)
  }

  const assignments = stream.log.filter(({ message }) => message === 'partitions assigned')
  expect(assignments.length).toBeGreaterThan(2 * STORM_SECONDS)
  await stream.expectExact()
}, 300_000)

/** Resolves when the process has been given that many partitions, at least, since its log had so many lines. */
async function untilHolds(program: Program, since: number, partitions: number): Promise<void> {
  await eventually(
    `a service holds ${partitions} partitions`,
    () => Promise.resolve(program.log().slice(since)),
    (lines) =>
      lines.some(
        (line) =>
          line['message'] === 'partitions assigned' && (line['partitions'] as number[]).length >= partitions
      ),
    90_000
  )
}

test.each(['tagger', 'aggregator'])(
  '%s: one that is stopped for longer than its session goes on as a zombie',
  async (verb) => {
    await openStream()
    const other = verb === 'tagger' ? stream.startAggregator() : stream.startTagger()
    const zombie = await stream.deployment.startReady([verb])
    const heir = await stream.deployment.startReady([verb])
    await other
    await untilHolds(heir, 0, 1)
    await untilSent(2000)

    const since = heir.log().length
    const stoppedAtMs = Date.now()
    zombie.kill('SIGSTOP')
    await untilHolds(heir, since, PARTITIONS)
    await untilSent(2000)
    await sleep(Math.max(0, stoppedAtMs + STOPPED_MS - Date.now()))
    const sinceThen = heir.log().length
    const zombieSince = zombie.log().length
    zombie.kill('SIGCONT')
    await untilHolds(zombie, zombieSince, 1)
    await untilHolds(heir, sinceThen, 1)
    await untilSent(1000)

    await stream.expectExact()
    expect((await zombie.terminate()).exitCode).toBe(0)
  },
  300_000
)
