import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { RegistryGate } from './kafkajs/registry-gate.ts'
import type { Log } from '../../adapters/log.ts'
import { topicSchema } from '../../adapters/avro/schemas.ts'
import { columnarType } from '../../adapters/avro/column-types.ts'
import { rawToAvro } from '../../adapters/avro/raw-value.ts'
import { KafkajsBus, type KafkajsBusOptions } from '../../adapters/kafkajs-bus.ts'
import { SchemaRegistry, subjectOf } from '../../adapters/schema-registry.ts'
import { sharedKafka, sharedRegistry } from '../stack/shared-stack.ts'
import {
  type BusAddresses,
  CheckingReader,
  freshBus,
  freshPrefix,
  numberedBatch,
  numberedBatches,
  sendForeign,
  unexpected
} from './kafkajs/test-bus.ts'

let addresses: BusAddresses
const started: KafkajsBus[] = []

beforeAll(async () => {
  const [kafkaBrokers, registryUrl] = await Promise.all([sharedKafka(), sharedRegistry()])
  addresses = { kafkaBrokers, registryUrl }
})

afterEach(async () => {
  await Promise.all(started.splice(0).map((bus) => bus.stop()))
})

async function freshTestBus(partitions: number, options: Partial<KafkajsBusOptions> = {}) {
  const fresh = await freshBus(addresses, partitions, options)
  started.push(fresh.bus)
  return fresh
}

/** Another process on the same topics, as far as Kafka can tell. */
async function anotherBus(options: KafkajsBusOptions): Promise<KafkajsBus> {
  const bus = new KafkajsBus(options)
  started.push(bus)
  await bus.start()
  return bus
}

const countUp = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('start', () => {
  test('names the brokers that do not answer', async () => {
    const bus = new KafkajsBus({ ...addresses, brokers: ['127.0.0.1:1'], startPatienceMs: 100 })

    await expect(bus.start()).rejects.toMatchObject({
      code: 'SP_KAFKA',
      message: expect.stringMatching(/^Kafka at 127\.0\.0\.1:1: not reached in 1 s \(.*\); see that/)
    })
  })

  test('refuses topics that do not exist', async () => {
    const topicPrefix = freshPrefix()
    const bus = new KafkajsBus({ ...addresses, brokers: addresses.kafkaBrokers, topicPrefix })

    await expect(bus.start()).rejects.toMatchObject({
      code: 'SP_TOPIC',
      message: expect.stringContaining(`topic ${topicPrefix}packets.raw: does not exist`)
    })
  })

  test('names a registry that does not answer', async () => {
    const { options } = await freshTestBus(1)
    const bus = new KafkajsBus({ ...options, registryUrl: 'http://127.0.0.1:1/apis', registryPatienceMs: 0 })

    await expect(bus.start()).rejects.toMatchObject({
      code: 'SP_REGISTRY',
      message: expect.stringMatching(/http:\/\/127\.0\.0\.1:1\/apis cannot be reached/)
    })
  })
})

describe('publish and subscribe', () => {
  test('keep the order of a partition, its names, times and offsets', async () => {
    const { bus } = await freshTestBus(2)
    const before = Date.now()

    await Promise.all([
      bus.publish('packets.raw', 1, numberedBatches(1, 3)),
      bus.publish('packets.raw', 1, numberedBatches(4, 400)),
      bus.publish('packets.raw', 1, numberedBatches(401, 500))
    ])
    const reader = new CheckingReader()
    const subscription = await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.received.length === 500)

    expect(reader.numbers()).toEqual(countUp(1, 500))
    expect(reader.broken).toEqual([])
    const last = reader.received.at(-1)!
    expect(last).toMatchObject({ offset: 499, headerName: 'local|ab|0|500' })
    expect(Math.abs(last.appendedAtMs - before)).toBeLessThan(60_000)
    expect(await bus.partitions('packets.raw')).toBe(2)
    expect(await bus.endOffsets('packets.raw')).toEqual([0, 500])
    expect(subscription.lagRecords()).toBe(0)
  })

  test('split what is too large for one request, and lose no bytes', async () => {
    const { bus } = await freshTestBus(1)

    await bus.publish('packets.raw', 0, numberedBatches(1, 12, 300 * 1024))
    const reader = new CheckingReader()
    await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.received.length === 12)

    expect(reader.numbers()).toEqual(countUp(1, 12))
    for (const { delivered } of reader.received) {
      if (delivered.kind !== 'value') throw new Error('unreadable')
      const { capture, name } = delivered.value
      expect(Buffer.from(capture).equals(Buffer.alloc(300 * 1024, name.number))).toBe(true)
    }
  })

  test('compress where that is asked for', async () => {
    const { bus } = await freshTestBus(1, { isGzip: true })

    await bus.publish('packets.raw', 0, numberedBatches(1, 5, 1000))
    const reader = new CheckingReader()
    await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.received.length === 5)

    expect(reader.numbers()).toEqual(countUp(1, 5))
  })

  test('a partition that does not exist is an error, of what waits behind it too', async () => {
    const { bus } = await freshTestBus(1, { patienceMs: 500 })

    const first = bus.publish('packets.raw', 7, [numberedBatch(1)])
    const second = bus.publish('packets.raw', 7, [numberedBatch(2)])

    const [one, two] = await Promise.allSettled([first, second])

    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'SP_KAFKA' } })
    expect(two).toMatchObject({ status: 'rejected', reason: { code: 'SP_KAFKA' } })
    expect(await bus.endOffsets('packets.raw')).toEqual([0])
  })
})

describe('where reading begins', () => {
  test('at the committed offset, or at the start of the log', async () => {
    const { bus, options } = await freshTestBus(1)
    const group = freshPrefix()
    await bus.publish('packets.raw', 0, numberedBatches(1, 10))
    const first = new CheckingReader()
    const subscription = await bus.subscribe('packets.raw', group, first, unexpected)
    await first.until(() => first.received.length === 10)
    await subscription.stop()
    await bus.publish('packets.raw', 0, numberedBatches(11, 20))

    const other = await anotherBus(options)
    const second = new CheckingReader()
    expect(await other.groupOffsets('packets.raw', group)).toEqual([10])
    expect(await other.groupOffsets('packets.raw', freshPrefix())).toEqual([0])
    await other.subscribe('packets.raw', group, second, unexpected)
    await second.until(() => second.received.length === 10)

    expect(first.happenings).toEqual(['assigned 0', 'revoked 0'])
    expect(second.numbers()).toEqual(countUp(11, 20))
  })

  test('at the offset that the handler keeps, whatever the group has committed', async () => {
    const { bus } = await freshTestBus(1)
    const group = freshPrefix()
    await bus.publish('packets.raw', 0, numberedBatches(1, 10))
    const first = new CheckingReader()
    const subscription = await bus.subscribe('packets.raw', group, first, unexpected)
    await first.until(() => first.received.length === 10)
    await subscription.stop()

    const second = new CheckingReader()
    second.start = 4
    await bus.subscribe('packets.raw', group, second, unexpected)
    await second.until(() => second.received.length === 6)

    expect(second.numbers()).toEqual(countUp(5, 10))
  })

  test('at the start of the log where the offset is deleted already, of which the handler is told', async () => {
    const { bus, topicPrefix } = await freshTestBus(1)
    await bus.publish('packets.raw', 0, numberedBatches(1, 10))
    const admin = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    // Without this kafkajs does not know the leaders that it deletes at.
    await admin.fetchTopicOffsets(`${topicPrefix}packets.raw`)
    await admin.deleteTopicRecords({
      topic: `${topicPrefix}packets.raw`,
      partitions: [{ partition: 0, offset: '6' }]
    })
    await admin.disconnect()

    for (const start of [2, 6, 'committed'] as const) {
      const reader = new CheckingReader()
      reader.start = start
      const subscription = await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
      await reader.until(() => reader.received.length === 4)
      await subscription.stop()

      expect(reader.numbers()).toEqual(countUp(7, 10))
      expect(reader.begun).toEqual(start === 2 ? [{ partition: 0, offset: 6, wanted: 2 }] : [])
      expect(reader.broken).toEqual([])
    }

    const reader = new CheckingReader()
    const subscription = await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.received.length === 4)
    reader.forget(0)
    subscription.seek(0, 3)
    await reader.until(() => reader.received.length === 8)

    expect(reader.numbers()).toEqual([...countUp(7, 10), ...countUp(7, 10)])
    expect(reader.begun).toEqual([{ partition: 0, offset: 6, wanted: 3 }])
    expect(reader.broken).toEqual([])
  })

  test('nowhere above the end of the log: the consumer ends and says what is wanted and what is there', async () => {
    const { bus, topicPrefix } = await freshTestBus(1)
    await bus.publish('packets.raw', 0, numberedBatches(1, 10))
    const reader = new CheckingReader()
    reader.start = 11
    const failures: Error[] = []

    const subscription = await bus.subscribe('packets.raw', freshPrefix(), reader, (error) =>
      failures.push(error)
    )
    await until(() => failures.length > 0)
    await subscription.stop()

    expect(failures).toMatchObject([
      {
        code: 'SP_TOPIC',
        message: expect.stringContaining(
          `partition 0 of ${topicPrefix}packets.raw: offset 11 is wanted and the log ends at 10`
        )
      }
    ])
    expect(reader.received).toEqual([])
  })
})

describe('going back', () => {
  test('by the answer to a delivery', async () => {
    const { bus } = await freshTestBus(1)
    await bus.publish('packets.raw', 0, numberedBatches(1, 10))
    const reader = new CheckingReader()
    let isFirst = true
    reader.onRecords = () => {
      const outcome = isFirst ? ({ kind: 'seek', offset: 3 } as const) : null
      isFirst = false
      return Promise.resolve(outcome)
    }

    const subscription = await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.numbers().at(-1) === 10 && reader.received.length > 10)

    expect(reader.numbers()).toEqual([...countUp(1, 10), ...countUp(4, 10)])
    expect(reader.broken).toEqual([])
    await subscription.stop()
  })

  test('by a seek while the handler is asked where to begin, or its answer is looked up: the lower counts', async () => {
    const { bus } = await freshTestBus(1)
    await bus.publish('packets.raw', 0, numberedBatches(1, 10))
    for (const [sought, first] of [
      [5, 6],
      [9, 9]
    ] as const) {
      const reader = new CheckingReader()
      reader.start = 8
      const answers: (() => void)[] = []
      const assigned = reader.assigned.bind(reader)
      reader.assigned = async (partition) => {
        await new Promise<void>((resolve) => answers.push(resolve))
        return await assigned(partition)
      }
      const subscription = await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
      subscription.seek(0, 9)
      await until(() => answers.length > 0)
      for (const answer of answers) answer()
      await reader.until(() => reader.happenings.includes('assigned 0'))
      subscription.seek(0, sought)
      await reader.until(() => reader.numbers().at(-1) === 10)
      await subscription.stop()

      expect(reader.numbers()).toEqual(countUp(first, 10))
      expect(reader.broken).toEqual([])
    }
  })

  test('by a seek from outside, while nothing arrives and while a delivery is in hand', async () => {
    const { bus } = await freshTestBus(1)
    const group = freshPrefix()
    await bus.publish('packets.raw', 0, numberedBatches(1, 5))
    const reader = new CheckingReader()
    const subscription = await bus.subscribe('packets.raw', group, reader, unexpected)
    await reader.until(() => reader.received.length === 5)

    reader.forget(0)
    subscription.seek(0, 2)
    await reader.until(() => reader.received.length === 8)
    reader.onRecords = () => {
      reader.onRecords = () => Promise.resolve(null)
      subscription.seek(0, 1)
      reader.forget(0)
      return Promise.resolve(null)
    }
    await bus.publish('packets.raw', 0, numberedBatches(6, 6))
    await reader.until(() => reader.received.length === 14)
    await subscription.stop()

    expect(reader.numbers()).toEqual([1, 2, 3, 4, 5, 3, 4, 5, 6, 2, 3, 4, 5, 6])
    expect(await bus.groupOffsets('packets.raw', group)).toEqual([6])
  })
})

describe('what cannot be read', () => {
  test('is handed over with its bytes, its name and the reason', async () => {
    const { bus, topicPrefix } = await freshTestBus(1)
    const headers = { name: 'local|ab|0|7', packets: '12' }
    const unknownId = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3])
    const schemaId = await new SchemaRegistry({ url: addresses.registryUrl }).schemaId(
      subjectOf(topicPrefix, 'packets.raw'),
      JSON.stringify(topicSchema('packets.raw'))
    )
    const damaged = Buffer.from([0, 0, 0, 0, schemaId!, 255, 255, 255])
    await sendForeign(addresses.kafkaBrokers, `${topicPrefix}packets.raw`, 0, [
      { value: Buffer.from('hello'), headers },
      { value: unknownId, headers },
      { value: damaged },
      { value: null, headers: { name: 'no name', packets: '-3' } }
    ])
    await bus.publish('packets.raw', 0, [numberedBatch(1)])

    const reader = new CheckingReader()
    await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.received.length === 5)

    const [text, unknown, cut, nothing, good] = reader.received.map(({ delivered }) => delivered)
    expect(text).toMatchObject({ kind: 'unreadable', reason: 'not-avro', name: 'local|ab|0|7', packets: 12 })
    expect(unknown).toMatchObject({ kind: 'unreadable', reason: 'unknown-schema', name: 'local|ab|0|7' })
    expect(cut).toMatchObject({ kind: 'unreadable', reason: 'not-avro', name: null, packets: null })
    expect(nothing).toMatchObject({ kind: 'unreadable', reason: 'not-avro', name: null, packets: null })
    expect(good).toMatchObject({ kind: 'value' })
    expect(unknown?.kind === 'unreadable' && unknownId.equals(unknown.bytes)).toBe(true)
    expect(reader.received[3]?.headerName).toBe('no name')
  })

  test('does not hold for values of an earlier schema that the registry knows', async () => {
    const { bus, topicPrefix } = await freshTestBus(1)
    const schema = topicSchema('packets.raw')
    const older = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'refused') }
    const registry = new SchemaRegistry({ url: addresses.registryUrl })
    const id = await registry.register(subjectOf(topicPrefix, 'packets.raw'), JSON.stringify(older))
    const head = Buffer.alloc(5)
    head.writeUInt32BE(id, 1)
    const value = Buffer.concat([head, columnarType(older).toBuffer(rawToAvro(numberedBatch(42)))])
    await sendForeign(addresses.kafkaBrokers, `${topicPrefix}packets.raw`, 0, [{ value }, { value }])

    const reader = new CheckingReader()
    await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
    await reader.until(() => reader.received.length === 2)

    expect(reader.numbers()).toEqual([42, 42])
  })
})

test("marks of other writers' transactions, and what they took back, are passed over", async () => {
  const { bus, topicPrefix } = await freshTestBus(1)
  const topic = `${topicPrefix}packets.raw`
  const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ transactionalId: topicPrefix, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const reader = new CheckingReader()
  await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)

  const inTransaction = async (end: 'commit' | 'abort') => {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'x', partition: 0 }] })
    await transaction[end]()
  }
  await inTransaction('abort')
  await inTransaction('abort')
  await bus.publish('packets.raw', 0, [numberedBatch(1)])
  await inTransaction('commit')
  await inTransaction('abort')
  await bus.publish('packets.raw', 0, [numberedBatch(2)])
  await reader.until(() => reader.received.length === 3)
  await producer.disconnect()

  expect(reader.received.map(({ delivered }) => delivered.kind)).toEqual(['value', 'unreadable', 'value'])
  expect(reader.received.at(-1)?.offset).toBeGreaterThan(5)
  expect(reader.numbers()).toEqual([1, 2])
})

describe('two consumers of one group', () => {
  test('share the partitions, and each takes over from the other without a loss', async () => {
    const { bus, options } = await freshTestBus(4)
    const group = freshPrefix()
    const other = await anotherBus(options)
    const first = new CheckingReader()
    const second = new CheckingReader()
    const both = (isTrue: () => boolean) => Promise.race([first.until(isTrue), second.until(isTrue)])
    const read = () => new Set([...first.numbers(), ...second.numbers()])
    let published = 0
    const publish = async (): Promise<void> => {
      for (let partition = 0; partition < 4; partition++) {
        await bus.publish('packets.raw', partition, numberedBatches(published + 1, published + 25))
        published += 25
      }
    }

    const one = await bus.subscribe('packets.raw', group, first, unexpected)
    await publish()
    await both(() => read().size === published)
    expect(first.held.size).toBe(4)

    const two = await other.subscribe('packets.raw', group, second, unexpected)
    await Promise.all([first.until(() => first.held.size === 2), second.until(() => second.held.size === 2)])
    await publish()
    await both(() => read().size === published)
    expect(new Set([...first.held, ...second.held]).size).toBe(4)
    expect(second.received).toHaveLength(50)

    await one.stop()
    await second.until(() => second.held.size === 4)
    await publish()
    await both(() => read().size === published)
    await two.stop()

    expect([...first.broken, ...second.broken]).toEqual([])
    expect(first.held.size + second.held.size).toBe(0)
    expect([...read()].sort((a, b) => a - b)).toEqual(countUp(1, published))
    // Offsets were committed before each change, so nothing was read twice.
    expect(first.received.length + second.received.length).toBe(published)
    expect(await bus.groupOffsets('packets.raw', group)).toEqual([75, 75, 75, 75])
  })

  test('a change of members waits for the delivery in hand', async () => {
    const { bus, options } = await freshTestBus(1)
    const group = freshPrefix()
    const reader = new CheckingReader()
    const inHand: (() => void)[] = []
    reader.onRecords = () => {
      return new Promise((resolve) => {
        inHand.push(() => resolve(null))
      })
    }
    const one = await bus.subscribe('packets.raw', group, reader, unexpected)
    await bus.publish('packets.raw', 0, numberedBatches(1, 3))
    await until(() => inHand.length === 1)

    const other = await anotherBus(options)
    const second = new CheckingReader()
    const joining = other.subscribe('packets.raw', group, second, unexpected)
    const stopping = one.stop()
    for (const finish of inHand) finish()
    await Promise.all([joining, stopping])
    await second.until(() => second.held.size === 1)
    await bus.publish('packets.raw', 0, numberedBatches(4, 4))
    await second.until(() => second.received.length === 1)

    expect(reader.numbers()).toEqual([1, 2, 3])
    expect(second.numbers()).toEqual([4])
    expect([...reader.broken, ...second.broken]).toEqual([])
  })
})

test('a handler that fails ends the consumer and is told once; the record is not committed', async () => {
  const { bus } = await freshTestBus(2)
  const group = freshPrefix()
  await bus.publish('packets.raw', 0, numberedBatches(1, 3))
  await bus.publish('packets.raw', 1, numberedBatches(4, 6))
  const failures: Error[] = []
  const reader = new CheckingReader()
  const failure = new Error('the disk is full')
  reader.onRecords = () => Promise.reject(failure)

  const subscription = await bus.subscribe('packets.raw', group, reader, (error) => failures.push(error))
  await until(() => failures.length > 0)
  await subscription.stop()

  expect(failures).toEqual([failure])
  expect(await bus.groupOffsets('packets.raw', group)).toEqual([0, 0])
})

test('a registry that is away at the start is waited for, and that is said', async () => {
  const { options } = await freshTestBus(1)
  const gate = await RegistryGate.open(options.registryUrl)
  gate.isShut = true
  const said: string[] = []
  const log = (_level: string, message: string) => void said.push(message)
  const bus = new KafkajsBus({
    ...options,
    registryUrl: gate.url,
    registryPatienceMs: Number.POSITIVE_INFINITY,
    log
  })

  const starting = bus.start()
  await until(() => gate.refused >= 2)
  gate.isShut = false
  await starting

  expect(said.filter((message) => message === 'schema registry does not answer, waiting')).toHaveLength(1)
  expect(await bus.publish('packets.raw', 0, [numberedBatch(1)])).toBeGreaterThan(0)
  // An id that is known needs no registry.
  gate.isShut = true
  expect(await bus.publish('packets.raw', 0, [numberedBatch(2)])).toBeGreaterThan(0)
  await bus.stop()
  await gate.close()
})

test('while the registry does not answer, a value of an unknown schema waits, and a stop ends the wait', async () => {
  const { bus, topicPrefix, options } = await freshTestBus(1)
  const gate = await RegistryGate.open(addresses.registryUrl)
  const lines: string[] = []
  const log: Log = (_level, message) => lines.push(message)
  const gated = await anotherBus({ ...options, registryUrl: gate.url, log })
  const unknownId = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3])
  await sendForeign(addresses.kafkaBrokers, `${topicPrefix}packets.raw`, 0, [{ value: unknownId }])
  await bus.publish('packets.raw', 0, [numberedBatch(1)])

  gate.isShut = true
  const first = new CheckingReader()
  const subscription = await gated.subscribe('packets.raw', freshPrefix(), first, unexpected)
  await until(() => lines.includes('schema registry does not answer, waiting'))
  await subscription.stop()
  const second = new CheckingReader()
  await gated.subscribe('packets.raw', freshPrefix(), second, unexpected)
  await until(() => gate.refused > 4)
  gate.isShut = false
  await second.until(() => second.received.length === 2)
  await gate.close()

  expect(first.received).toEqual([])
  expect(second.received[0]?.delivered).toMatchObject({ kind: 'unreadable', reason: 'unknown-schema' })
  expect(second.numbers()).toEqual([1])
})

/** Waits for what no event tells. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 10))
}
