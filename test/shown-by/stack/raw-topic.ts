// What a deployment's sensors have sent: topic packets.raw from its start, as a reader of our own bus gives it.
import { KafkajsBus } from '../../../adapters/kafkajs-bus.ts'
import type { RawBatch } from '../../../core/batch/raw-batch.ts'
import { CheckingReader, freshPrefix, unexpected } from '../../adapters/kafkajs/test-bus.ts'
import type { Deployment } from './deployment.ts'

/** Reads until `isAll` holds of the first record of each name, and gives those in order of arrival. */
export async function readRawTopic(
  deployment: Deployment,
  isAll: (batches: readonly RawBatch[]) => boolean
): Promise<RawBatch[]> {
  const { kafkaBrokers, registryUrl } = deployment.addresses
  const bus = new KafkajsBus({
    brokers: kafkaBrokers,
    registryUrl,
    topicPrefix: deployment.topicPrefix,
    topics: ['packets.raw']
  })
  await bus.start()
  const reader = new CheckingReader()
  await bus.subscribe('packets.raw', freshPrefix(), reader, unexpected)
  try {
    await reader.until(() => isAll(firstOfEachName(reader)))
    return firstOfEachName(reader)
  } finally {
    await bus.stop()
  }
}

function firstOfEachName(reader: CheckingReader): RawBatch[] {
  const firsts = new Map<string, RawBatch>()
  for (const { delivered } of reader.received) {
    if (delivered.kind !== 'value') throw new Error('a raw batch is unreadable')
    const { name, digest } = delivered.value
    const key = JSON.stringify(name)
    const known = firsts.get(key)
    if (known === undefined) firsts.set(key, delivered.value)
    else if (known.digest !== digest) throw new Error(`${key} was given to two batches`)
  }
  return [...firsts.values()]
}

/** Frames of all batches. */
export function framesOf(batches: readonly RawBatch[]): number {
  return batches.reduce((sum, { packets, refused }) => sum + packets + refused.length, 0)
}
