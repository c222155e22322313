// What other people's clients read in the topics of a replay: the packets that `tag` prints, all fields, of every
// capture.
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { FOREIGN_READERS, type ForeignReader, readForeign } from '../python/foreign-reader.ts'
import { capturesAtHand, ELSEWHERE } from './oracle/captures.ts'
import { tag } from './oracle/tag-record.ts'
import { type Deployment, freshDeployment } from './stack/deployment.ts'

const RUN = 'foreign'
const CAPTURES = capturesAtHand()

/** The fields of a record, in no order that means anything. */
type Fields = Readonly<Record<string, unknown>>

let deployment: Deployment
const read = new Map<ForeignReader, Fields[]>()

beforeAll(async () => {
  deployment = await freshDeployment()
  await deployment.replay(
    RUN,
    CAPTURES.map(({ path }) => path)
  )
  const { kafkaBrokers, registryUrl } = deployment.addresses
  const topicPrefix = `${deployment.topicPrefix}replay.${RUN}.`
  for (const reader of FOREIGN_READERS) {
    read.set(reader, await readForeign(reader, { brokers: kafkaBrokers, registryUrl, topicPrefix }))
  }
})

afterAll(() => deployment.end())

test('the captures that others made are there where CI is set', () => {
  expect(process.env.CI === undefined || process.env.CI === '' || existsSync(ELSEWHERE)).toBe(true)
})

describe.each(FOREIGN_READERS)('%s', (reader) => {
  test.each(CAPTURES)('reads every packet of $name with all fields that tag prints', async ({ path }) => {
    const { records } = await tag(path)

    const ofFile = read.get(reader)!.filter(({ file }) => file === path)
    expect(ofFile.sort((a, b) => Number(a.frame) - Number(b.frame))).toEqual(records)
  })

  test('reads nothing else', () => {
    const paths = new Set<unknown>(CAPTURES.map(({ path }) => path))
    expect(read.get(reader)!.filter(({ file }) => !paths.has(file))).toEqual([])
  })
})
