import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterEach, expect, jest, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Message } from 'kafkajs'
import {
  canEncode,
  type EncoderClass,
  encodeProduce,
  HEAD_ROOM_BYTES,
  installHeads,
  type ProduceArguments
} from '../../../adapters/kafkajs/produce-request.ts'
import { packageRoot } from '../../../adapters/package-root.ts'

const require = createRequire(join(packageRoot(), 'package.json'))
const original = require('kafkajs/src/protocol/requests/produce/v3/request') as (
  produce: ProduceArguments
) => {
  encode: () => Promise<{ buffer: Buffer }>
}

const NOW_MS = 1_669_000_000_123

const bytes = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content))
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const message: fc.Arbitrary<Message> = fc.record({
  key: fc.option(fc.oneof(bytes, text), { nil: null }),
  value: fc.option(fc.oneof(bytes, text), { nil: null }),
  headers: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    fc.oneof(text, bytes, fc.array(text, { maxLength: 3 })),
    { maxKeys: 4 }
  )
})
const produce: fc.Arbitrary<ProduceArguments> = fc.record({
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(60_000),
  compression: fc.constant(0),
  topicData: fc.array(
    fc.record({
      topic: text,
      partitions: fc.array(
        fc.record({ partition: fc.nat(1000), messages: fc.array(message, { minLength: 1, maxLength: 200 }) }),
        { maxLength: 3 }
      )
    }),
    { maxLength: 3 }
  )
})

afterEach(() => {
  jest.restoreAllMocks()
})

test('requests are those of kafkajs, byte by byte', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW_MS)
  await fc.assert(
    fc.asyncProperty(produce, async (given) => {
      expect(canEncode(given)).toBe(true)
      const { buffer } = await original(given).encode()

      expect(encodeProduce(given, NOW_MS).equals(buffer)).toBe(true)
    }),
    { numRuns: 200 }
  )
})

test('a value of a megabyte likewise', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW_MS)
  const messages = [
    { value: Buffer.alloc(1_000_000, 7) },
    { value: Buffer.alloc(200_000, 9), headers: { name: 'a' } }
  ]
  const given = {
    acks: -1,
    timeout: 1,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }]
  }

  expect(encodeProduce(given, NOW_MS).equals((await original(given).encode()).buffer)).toBe(true)
})

test('the head in front of a body is that of kafkajs, whatever the length of the client name', async () => {
  const Encoder = require('kafkajs/src/protocol/encoder') as EncoderClass
  const createRequest = require('kafkajs/src/protocol/request') as (
    asked: object
  ) => Promise<{ buffer: Buffer }>
  const copied = Encoder.prototype.writeEncoder
  const { topicData } = {
    topicData: [{ topic: 't', partitions: [{ partition: 3, messages: [{ value: 'abc' }] }] }]
  }
  const body = encodeProduce({ acks: -1, timeout: 1, topicData }, NOW_MS, HEAD_ROOM_BYTES)
  const requestOf = async (clientId: string, roomBytes: number | null): Promise<Buffer> => {
    const payload = new Encoder(1)
    payload.buf = body
    payload.offset = body.length
    if (roomBytes !== null) payload.roomBytes = roomBytes
    const encode = () => Promise.resolve(payload)
    return (
      await createRequest({ correlationId: 77, clientId, request: { apiKey: 0, apiVersion: 3, encode } })
    ).buffer
  }
  try {
    for (const clientId of [
      '',
      'stormpetrel',
      'n'.repeat(HEAD_ROOM_BYTES - 14),
      'n'.repeat(HEAD_ROOM_BYTES)
    ]) {
      Encoder.prototype.writeEncoder = copied
      const expected = Buffer.from(await requestOf(clientId, null))
      installHeads(Encoder.prototype)
      const inPlace = await requestOf(clientId, HEAD_ROOM_BYTES)
      expect(inPlace.equals(expected)).toBe(true)
      expect(inPlace.buffer === body.buffer).toBe(clientId.length < HEAD_ROOM_BYTES - 14 + 1)
      expect((await requestOf(clientId, null)).equals(expected)).toBe(true)
    }
  } finally {
    Encoder.prototype.writeEncoder = copied
  }
})

test('what it does not write is left to kafkajs', () => {
  const given = {
    acks: -1,
    timeout: 1,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: 'a' }] }] }]
  }
  const stamped = {
    ...given,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: 'a', timestamp: '5' }] }] }]
  }

  expect(canEncode(given)).toBe(true)
  expect(canEncode({ ...given, producerId: -1n })).toBe(true)
  for (const other of [
    { ...given, compression: 1 },
    { ...given, transactionalId: 't' },
    { ...given, producerId: 5n },
    stamped
  ])
    expect(canEncode(other)).toBe(false)
})
