// Partitions are added under load, to packets.enriched first: services read and write them without a restart, and every
// count is exact. The other way round `check` refuses, with the reason.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Admin, Kafka as KafkaClient, logLevel } from 'kafkajs'
import { sharedStack } from '../stack/shared-stack.ts'
import { PARTITIONS, Stream } from './stream/stream.ts'
import { SENSORS } from './stream/traffic.ts'

const MORE = PARTITIONS + 2

let admin: Admin
let stream: Stream

beforeAll(async () => {
  const addresses = await sharedStack()
  admin = new KafkaClient({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  stream = new Stream(addresses)
  await stream.open()
})

afterAll(async () => {
  await stream.close()
  await admin.disconnect()
})

async function addPartitions(topic: string, count: number): Promise<void> {
  const topicPartitions = [{ topic: stream.configuration.topicPrefix + topic, count }]
  await admin.createPartitions({ topicPartitions })
}

test('partitions that are added to enriched and then to raw under load are read, and the counts are exact', async () => {
  stream.traffic.start()
  const [, { counters }] = await Promise.all([stream.startTagger(), stream.startAggregator()])
  await stream.untilCounted(counters, 1000)

  await addPartitions('packets.enriched', MORE)
  await addPartitions('packets.raw', MORE)
  // New lanes of every sensor, enough for some to have the new partitions for life.
  for (const sensor of SENSORS) stream.traffic.add(sensor, 10, 16, MORE)
  const assignmentOfAll = (topic: string) =>
    stream.log.some(
      ({ message, fields }) =>
        message === 'partitions assigned' &&
        String(fields['topic']).endsWith(topic) &&
        (fields['partitions'] as number[]).length === MORE
    )
  await stream.until('a tagger reads them', () => assignmentOfAll('packets.raw'))
  await stream.until('an aggregator reads them', () => assignmentOfAll('packets.enriched'))

  await stream.expectExact()
  const ends = await stream.bus.endOffsets('packets.enriched')
  expect(ends).toHaveLength(MORE)
  expect(ends.slice(PARTITIONS).some((end) => end > 0)).toBe(true)
})

test('more partitions of raw than of enriched are refused by check, with the reason', async () => {
  await addPartitions('packets.raw', MORE + 1)

  const { exitCode, stdout, stderr } = await stream.deployment.call('check')

  expect(exitCode).toBe(1)
  expect(stdout + stderr).toContain('a batch keeps its partition number from raw to enriched')
})
