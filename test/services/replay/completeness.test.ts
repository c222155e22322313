import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { readConfiguration } from '../../../core/configuration.ts'
import { runCompleteness } from '../../../services/replay/completeness.ts'

/** Longer than Kafka is waited for. */
const AFTER_PATIENCE_MS = 4300

test('a store that does not start is the reason why nothing is known, and no time limit is left behind', async () => {
  const configuration = readConfiguration({
    STORMPETREL_REDIS_URL: 'redis://127.0.0.1:1',
    STORMPETREL_KAFKA_BROKERS: '127.0.0.1:1'
  })

  const completeness = await runCompleteness(configuration, 'a')
  // A rejection that nobody handles meanwhile ends a process, and fails this test.
  await delay(AFTER_PATIENCE_MS)

  expect(completeness).toMatchObject({ kind: 'unknown', isKafkaAway: false })
})
