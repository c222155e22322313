import { expect, test } from '@jest/globals'
import { deleteTopics } from '../../../adapters/topics/delete-topics.ts'
import { checkTopics } from '../../../adapters/topics.ts'
import { sharedKafka, sharedRegistry } from '../../stack/shared-stack.ts'
import { freshPrefix } from '../kafkajs/test-bus.ts'

test('topics are deleted with their subjects, those of another prefix are left, and nothing is left to delete twice', async () => {
  const [brokers, registryUrl] = await Promise.all([sharedKafka(), sharedRegistry()])
  const [run, other] = [freshPrefix(), freshPrefix()]
  for (const topicPrefix of [run, other])
    await checkTopics({ brokers, registryUrl, topicPrefix }, { apply: true })
  const subjects = async (): Promise<string[]> => {
    const answer = await fetch(`${registryUrl}/subjects?deleted=true`)
    return ((await answer.json()) as string[]).filter(
      (name) => name.startsWith(run) || name.startsWith(other)
    )
  }
  const before = await subjects()

  await deleteTopics({ brokers, registryUrl, topicPrefix: run })
  await deleteTopics({ brokers, registryUrl, topicPrefix: run })

  const ofOther = before.filter((name) => name.startsWith(other))
  expect([before.length, ofOther.length]).toEqual([8, 4])
  expect(await subjects()).toEqual(ofOther)
  const found = await checkTopics({ brokers, registryUrl, topicPrefix: run }, { apply: false })
  expect(found.filter(({ what }) => what === 'does not exist')).toHaveLength(4)
})
