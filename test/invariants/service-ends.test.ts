// How services end: told to, they finish and commit what they hold, within STORMPETREL_STOP_SECONDS whatever is away;
// and a consumer that stands still ends its process with exit code 1, for its supervisor.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { KafkajsBus } from '../../adapters/kafkajs-bus.ts'
import { groupOf } from '../../services/connections.ts'
import { findFreePort } from '../../tools/stack/free-port.ts'
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts'
import { type Redis, startRedis } from '../../tools/stack/redis.ts'
import { CheckingReader, freshBus, numberedBatch } from '../adapters/kafkajs/test-bus.ts'
import type { Program, ProgramEnd } from '../shown-by/stack/program.ts'
import { sharedRegistry } from '../stack/shared-stack.ts'
import { PARTITIONS, Stream } from './stream/stream.ts'
import { TcpProxy } from './stream/tcp-proxy.ts'

const STOP_SECONDS = 3
/** For the process to come to its end on a machine that is busy. */
const SLACK_MS = 5000

let kafka: Kafka
let redis: Redis
let toKafka: TcpProxy
let toRedis: TcpProxy
let stream: Stream

beforeAll(async () => {
  const port = await findFreePort()
  toKafka = new TcpProxy(port)
  await toKafka.start()
  const started = await Promise.all([
    startKafka({ port, advertisedPort: toKafka.port, heapMib: 256 }),
    startRedis()
  ])
  kafka = started[0]
  redis = started[1]
  toRedis = new TcpProxy(redis.port)
  await toRedis.start()
}, 240_000)

afterAll(async () => {
  await Promise.all([toKafka.stop(), toRedis.stop()])
  await Promise.all([kafka.stop(), redis.stop()])
})

beforeEach(async () => {
  stream = new Stream(
    {
      kafkaBrokers: kafka.brokers,
      registryUrl: await sharedRegistry(),
      redisUrl: `redis://127.0.0.1:${toRedis.port}`
    },
    { STORMPETREL_STOP_SECONDS: `${STOP_SECONDS}` }
  )
  await stream.open()
  stream.traffic.start()
})

afterEach(async () => {
  // A test that failed may have left them so.
  for (const proxy of [toKafka, toRedis]) proxy.passOn()
  await redis.start()
  await stream.close()
})

/** A tagger and an aggregator as processes, which have counted something. */
async function services(settings: Readonly<Record<string, string>> = {}): Promise<[Program, Program]> {
  const programs = await Promise.all([
    stream.deployment.startReady(['tagger'], settings),
    stream.deployment.startReady(['aggregator'], settings)
  ])
  while ((await programs[1].metric('stormpetrel_counted_packets_total')) < 1000) await untilSent(100)
  return programs
}

/** Resolves when it has counted more than now: its partitions are assigned, and records come. */
async function untilItCounts(aggregator: Program): Promise<void> {
  const counted = (): Promise<number> => aggregator.metric('stormpetrel_counted_packets_total')
  const before = await counted()
  while ((await counted()) <= before) await untilSent(100)
}

/** Resolves when it was given so many partitions. */
async function untilItHasPartitions(aggregator: Program, count: number): Promise<void> {
  await aggregator.logLine(({ partitions }) => Array.isArray(partitions) && partitions.length === count)
}

/** Resolves when it has records that it cannot be done with. */
async function untilItHolds(aggregator: Program): Promise<void> {
  while ((await aggregator.metric('stormpetrel_lag_records')) === 0) await untilSent(100)
}

async function untilSent(packets: number): Promise<void> {
  const before = stream.traffic.packets
  await stream.until('packets are acknowledged', () => stream.traffic.packets >= before + packets)
}

/** Tells it to end; fails where that takes longer than it may. */
async function endInTime(program: Program): Promise<ProgramEnd> {
  const beganMs = performance.now()
  const end = await program.terminate()
  expect(performance.now() - beganMs).toBeLessThan(STOP_SECONDS * 1000 + SLACK_MS)
  return end
}

/** Other services count what is left. */
async function expectExactAfterwards(): Promise<void> {
  await Promise.all([stream.startTagger(), stream.startAggregator()])
  await stream.expectExact()
}

test('SIGTERM under load ends a tagger and an aggregator with all that they did committed, exit code 0', async () => {
  const [tagger, aggregator] = await services()

  expect((await endInTime(tagger)).exitCode).toBe(0)

  const tagged = await stream.bus.groupOffsets('packets.raw', groupOf(stream.configuration, null, 'tagger'))
  // What was sent and not committed would be sent again.
  expect(await stream.bus.endOffsets('packets.enriched')).toEqual(tagged)
  expect((await endInTime(aggregator)).exitCode).toBe(0)
  const counted = await stream.bus.groupOffsets(
    'packets.enriched',
    groupOf(stream.configuration, null, 'aggregator')
  )
  expect(await stream.storedOffsets()).toEqual(counted)
  await expectExactAfterwards()
})

test('SIGTERM ends them in time while Kafka does not answer, exit code 1', async () => {
  const programs = await services()

  toKafka.swallow()
  const ends = await Promise.all(programs.map(endInTime))
  toKafka.passOn()

  for (const { exitCode, stderr } of ends) {
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^stormpetrel: not finished 3 s after it was told to end .* counted once; see .*$/m
    )
  }
  await expectExactAfterwards()
})

test('SIGTERM ends an aggregator in time while Redis does not answer, or is away, exit code 1', async () => {
  const [, aggregator] = await services()
  const other = await stream.deployment.startReady(['aggregator'])
  await Promise.all([aggregator, other].map((each) => untilItHasPartitions(each, PARTITIONS / 2)))
  await Promise.all([aggregator, other].map(untilItCounts))

  toRedis.swallow()
  await untilItHolds(aggregator)
  expect((await endInTime(aggregator)).exitCode).toBe(1)
  toRedis.passOn()
  await untilItHasPartitions(other, PARTITIONS)
  await untilItCounts(other)
  await redis.kill9()
  await untilItHolds(other)
  const { exitCode, stderr } = await endInTime(other)
  await redis.start()

  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^stormpetrel: redis .*; check that it runs and can be reached$/m)
  await stream.deployment.startReady(['tagger'])
  await expectExactAfterwards()
})

test('a tagger and an aggregator whose brokers answer nothing any more end by themselves with exit code 1', async () => {
  const patienceSeconds = 6
  const programs = await services({ STORMPETREL_KAFKA_PATIENCE_SECONDS: `${patienceSeconds}` })

  const beganMs = performance.now()
  toKafka.swallow()
  const ends = await Promise.all(programs.map(({ ended }) => ended))
  const tookMs = performance.now() - beganMs
  toKafka.passOn()

  expect(toKafka.swallowedBytes).toBeGreaterThan(0)
  expect(tookMs).toBeLessThan((patienceSeconds + STOP_SECONDS) * 1000 + SLACK_MS)
  for (const { exitCode, stderr } of ends) {
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^stormpetrel: Kafka at .*stands still \(no sign of life for \d+ s\); .*$/m)
  }
  await expectExactAfterwards()
})

test('a handler that never answers ends its consumer after twice the patience; one that says that it waits does not', async () => {
  const addresses = { kafkaBrokers: kafka.brokers, registryUrl: await sharedRegistry() }
  const { bus, options } = await freshBus(addresses, 1)
  const consumers = new KafkajsBus({ ...options, patienceMs: 5000 })
  await consumers.start()
  const failures: Error[] = []
  const reader = new CheckingReader()
  let answer: ((nothing: null) => void) | undefined
  const answered = new Promise<null>((resolve) => {
    answer = resolve
  })
  reader.onRecords = () => answered
  const subscription = await consumers.subscribe('packets.raw', 'stuck', reader, (error) => {
    failures.push(error)
  })
  await bus.publish('packets.raw', 0, [numberedBatch(1)])
  await stream.until('it is handed over', () => reader.received.length === 1)

  const beganMs = performance.now()
  const saying = setInterval(() => subscription.stillWaiting(), 500)
  await stream.until('it waits for long', () => performance.now() - beganMs > 13_000)
  clearInterval(saying)
  expect(failures).toEqual([])
  const silentMs = performance.now()
  await stream.until('the consumer fails', () => failures.length > 0)

  expect(performance.now() - silentMs).toBeGreaterThan(9000)
  expect(failures[0]).toMatchObject({
    code: 'SP_KAFKA',
    message: expect.stringContaining('stands still (partition 0 is not read on for 10 s, 1 records behind)')
  })
  answer?.(null)
  await consumers.stop()
  await bus.stop()
})
