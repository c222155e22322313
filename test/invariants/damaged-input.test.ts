// What no sensor of ours sends is on packets.raw: each message is rejected for its reason, the packets that can be read
// are counted, no lane is held up, and the ledger adds up.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { IHeaders } from 'kafkajs'
import { schemaText } from '../../adapters/avro/schemas.ts'
import { AvroCodec } from '../../adapters/avro-codec.ts'
import { SchemaRegistry, subjectOf } from '../../adapters/schema-registry.ts'
import { digestOf } from '../../core/batch/digest.ts'
import { livePartition } from '../../core/batch/partition.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import { HeaderCaptureWriter } from '../../core/capture/header-capture.ts'
import { formatName } from '../../core/batch/name.ts'
import type { RejectedRecord } from '../../core/batch/enriched-batch.ts'
import { KafkajsBus } from '../../adapters/kafkajs-bus.ts'
import type { BusRecord, ConsumeOutcome, PartitionHandler } from '../../core/bus.ts'
import { freshPrefix, sendForeign } from '../adapters/kafkajs/test-bus.ts'
import { synPacket } from '../builders/frames.ts'
import { parseLines } from '../cli/collected-output.ts'
import { type Deployment, freshDeployment, SENSOR } from '../shown-by/stack/deployment.ts'
import { eventually } from '../shown-by/stack/eventually.ts'

const EPOCH = 'ab'.repeat(16)
const NOW_MS = Date.now()
const PACKETS = 10

let deployment: Deployment
let codec: AvroCodec<'packets.raw'>
let enrichedSchemaId: number

beforeAll(async () => {
  deployment = await freshDeployment()
  expect((await deployment.call('check', '--apply')).exitCode).toBe(0)
  const registry = new SchemaRegistry({ url: deployment.addresses.registryUrl })
  const idOf = (topic: 'packets.raw' | 'packets.enriched') =>
    registry.schemaId(subjectOf(deployment.topicPrefix, topic), schemaText(topic))
  codec = new AvroCodec('packets.raw', (await idOf('packets.raw'))!)
  enrichedSchemaId = (await idOf('packets.enriched'))!
})

afterAll(() => deployment.end())

function capture(packets: number): Uint8Array {
  const writer = new HeaderCaptureWriter()
  const packet = synPacket()
  for (let i = 0; i < packets; i++)
    writer.add(Math.floor(NOW_MS / 1000), i, packet, 0, packet.length, packet.length)
  return writer.finish()
}

/** A good batch, of ten packets behind ten of each number before. */
function batch(number: number, over: Partial<RawBatch> = {}): RawBatch {
  const contents = {
    closedAtMs: NOW_MS,
    packets: PACKETS,
    framesBefore: (number - 1) * PACKETS,
    kernelDrops: 0,
    declaredLosses: [],
    capture: capture(PACKETS),
    file: 'damaged.pcap',
    frames: Float64Array.from({ length: PACKETS }, (_, i) => i + 1),
    refused: [],
    ...over
  }
  const name = { sensor: SENSOR, epoch: EPOCH, lane: 0, number }
  return { name, digest: digestOf(contents), epochStartedMs: NOW_MS - 1000, ...contents }
}

interface Message {
  readonly value: Buffer
  readonly headers?: IHeaders
}

const headersOf = ({ name, packets }: RawBatch): IHeaders => ({
  name: formatName(name),
  packets: String(packets)
})

function message(value: RawBatch, change: (bytes: Buffer) => Buffer = (bytes) => bytes): Message {
  return { value: change(Buffer.from(codec.encode(value))), headers: headersOf(value) }
}

function withSchemaId(bytes: Buffer, id: number): Buffer {
  const changed = Buffer.from(bytes)
  changed.writeUInt32BE(id, 1)
  return changed
}

/** Every way in which a message can be wrong, in the order of one lane's numbers. */
function damagedLane(): Message[] {
  const cut = capture(PACKETS)
  return [
    message(batch(1)),
    message(batch(2), () => Buffer.from('{"packets": 10}')),
    message(batch(3), (bytes) => withSchemaId(bytes, 99_999_999)),
    message(batch(4), (bytes) => withSchemaId(bytes, enrichedSchemaId)),
    message(batch(5), (bytes) => bytes.subarray(0, bytes.length - 20)),
    // The last packet is cut off, and is missing.
    message(batch(6, { capture: cut.subarray(0, cut.length - 5) })),
    // It says that it has fewer packets than it holds: frames found decide.
    message(batch(7, { packets: 3 })),
    message(batch(8, { closedAtMs: NOW_MS + 7_200_000 })),
    message(batch(9, { closedAtMs: 0 })),
    message(batch(10, { capture: new Uint8Array(900 * 1024) })),
    // A name that was used, with other contents.
    message(batch(1, { kernelDrops: 5 })),
    message({ ...batch(11), name: { ...batch(11).name, number: 2 ** 40 } }),
    // Without headers the value names itself; without either it is nobody's.
    { value: Buffer.from(codec.encode(batch(11))) },
    { value: Buffer.from('nobody') },
    { ...message(batch(12)), headers: headersOf(batch(13)) },
    { ...message(batch(12)), headers: { name: 'no name', packets: 'many' } },
    message(batch(12)),
    message(batch(13))
  ]
}

class Collector implements PartitionHandler<RejectedRecord> {
  readonly reasons: string[] = []
  assigned(): Promise<number> {
    return Promise.resolve(0)
  }
  begins(): Promise<void> {
    return Promise.resolve()
  }
  records(_partition: number, records: readonly BusRecord<RejectedRecord>[]): Promise<ConsumeOutcome> {
    for (const { delivered } of records)
      if (delivered.kind === 'value') this.reasons.push(delivered.value.reason)
    return Promise.resolve({ kind: 'commit', nextOffset: records.at(-1)!.offset + 1 })
  }
  revoked(): void {
    // Nothing is held.
  }
}

async function rejectedReasons(expected: number): Promise<string[]> {
  const { kafkaBrokers, registryUrl } = deployment.addresses
  const { topicPrefix } = deployment
  const bus = new KafkajsBus({
    brokers: kafkaBrokers,
    registryUrl,
    topicPrefix,
    topics: ['packets.rejected']
  })
  await bus.start()
  const collector = new Collector()
  await bus.subscribe('packets.rejected', freshPrefix(), collector, (error) => {
    throw error
  })
  try {
    await eventually(
      'every rejected message is there',
      () => Promise.resolve(collector.reasons.length),
      (number) => number >= expected
    )
    return collector.reasons.sort()
  } finally {
    await bus.stop()
  }
}

test('every kind of damage is rejected by its name, and everything else is counted', async () => {
  const partition = livePartition(batch(1).name, 4)
  const topic = `${deployment.topicPrefix}packets.raw`
  await sendForeign(deployment.addresses.kafkaBrokers, topic, partition, damagedLane())
  const [tagger, aggregator] = await Promise.all([
    deployment.startReady(['tagger']),
    deployment.startReady(['aggregator'])
  ])

  // Batches 1, 7, 11, 12 and 13 are whole, and 6 lacks one packet.
  const counted = 5 * PACKETS + PACKETS - 1
  await eventually(
    'the last batch is counted',
    () => aggregator.metric('stormpetrel_counted_packets_total'),
    (packets) => packets >= counted
  )
  const { stdout } = await deployment.call('counts', '--window', 'day', '--where', 'vantage=JP')
  expect(parseLines(stdout).reduce((sum, { packets }) => sum + Number(packets), 0)).toBe(counted)

  const reasons = await rejectedReasons(12)
  const expected = {
    'not-avro': 2,
    'unknown-schema': 2,
    'missing-frames': 1,
    clock: 2,
    'over-bounds': 1,
    'name-reused': 1,
    'number-out-of-range': 1,
    'name-missing': 1,
    'name-differs': 2
  }
  const all = Object.entries(expected).flatMap(([reason, times]) => Array<string>(times).fill(reason))
  expect(reasons).toEqual(all.sort())

  const ledger = await deployment.call('ledger')
  expect(parseLines(ledger.stdout)).toMatchObject([
    {
      sensor: SENSOR,
      captured: 13 * PACKETS,
      counted,
      rejected: 13 * PACKETS - counted,
      gaps: 0,
      unexplained: 0
    }
  ])
  expect(ledger.exitCode).toBe(0)
  expect((await tagger.terminate()).exitCode).toBe(0)
  expect((await aggregator.terminate()).exitCode).toBe(0)
})
