import { expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { sharedRedis, sharedStack } from './shared-stack.ts'

test('the shared stack starts once, and all three parts answer', async () => {
  const addresses = await sharedStack()

  const { brokers } = await clusterOf(addresses.kafkaBrokers)
  expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(addresses.kafkaBrokers)
  expect((await fetch(`${addresses.registryUrl}/subjects`)).status).toBe(200)
  expect(await sharedRedis()).toBe(addresses.redisUrl)
})

async function clusterOf(brokers: readonly string[]) {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR }).admin()
  await admin.connect()
  try {
    return await admin.describeCluster()
  } finally {
    await admin.disconnect()
  }
}
