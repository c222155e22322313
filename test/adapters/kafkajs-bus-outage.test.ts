import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { KafkajsBus } from '../../adapters/kafkajs-bus.ts'
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts'
import { sharedRegistry } from '../stack/shared-stack.ts'
import { CheckingReader, freshBus, freshPrefix, numberedBatch, unexpected } from './kafkajs/test-bus.ts'

let kafka: Kafka
let registryUrl: string

beforeAll(async () => {
  const parts = await Promise.all([startKafka(), sharedRegistry()])
  kafka = parts[0]
  registryUrl = parts[1]
})

afterAll(() => kafka.stop())

test('a broker that is killed and comes back loses no record and no order', async () => {
  const { bus, options } = await freshBus({ kafkaBrokers: kafka.brokers, registryUrl }, 2)
  const consumers = new KafkajsBus(options)
  await consumers.start()
  const reader = new CheckingReader()
  await consumers.subscribe('packets.raw', freshPrefix(), reader, unexpected)
  let published = 0
  const ending = new AbortController()
  const publishing = (async () => {
    while (!ending.signal.aborted) {
      await bus.publish('packets.raw', published % 2, [numberedBatch(published + 1)])
      published += 1
    }
  })()
  const readBeyond = (number: number) => reader.until(() => reader.numbers().some((each) => each > number))

  await readBeyond(20)
  await kafka.kill9()
  const publishedBefore = published
  await kafka.start()
  await readBeyond(publishedBefore + 20)
  ending.abort()
  await publishing
  await reader.until(() => new Set(reader.numbers()).size === published)
  await bus.stop()
  await consumers.stop()

  expect(reader.broken).toEqual([])
  for (const parity of [0, 1]) {
    const firsts = [...new Set(reader.numbers().filter((number) => number % 2 === parity))]
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
  }
})

test('brokers that stay away end the consumer and the publisher with an error that names them', async () => {
  const { bus, options } = await freshBus({ kafkaBrokers: kafka.brokers, registryUrl }, 1)
  const consumers = new KafkajsBus({ ...options, patienceMs: 12_000 })
  await consumers.start()
  const failures: Error[] = []
  const reader = new CheckingReader()
  await consumers.subscribe('packets.raw', freshPrefix(), reader, (error) => failures.push(error))
  await bus.publish('packets.raw', 0, [numberedBatch(1)])
  await reader.until(() => reader.received.length === 1)

  await kafka.halt()
  const publishing = consumers.publish('packets.raw', 0, [numberedBatch(2)])

  await expect(publishing).rejects.toMatchObject({
    code: 'SP_KAFKA',
    message: expect.stringContaining(kafka.brokers[0]!)
  })
  await reader.until(() => reader.held.size === 0 && failures.length > 0)
  expect(failures).toHaveLength(1)
  expect(failures[0]).toMatchObject({ code: 'SP_KAFKA' })
  expect(failures[0]?.message).toContain(kafka.brokers[0])
  await consumers.stop()
  await bus.stop()
})
