import { expect, test } from '@jest/globals'
import { schemaText } from '../../../adapters/avro/schemas.ts'
import { AvroCodec } from '../../../adapters/avro-codec.ts'
import { ValueCodecs } from '../../../adapters/spool/value-codecs.ts'
import { numberedBatch } from '../kafkajs/test-bus.ts'

const TOPIC_SCHEMA_ID = 70_007

test('a batch from the spool is sent as the bytes that its Avro would be', () => {
  const codecs = new ValueCodecs()
  const topic = new AvroCodec('packets.raw', TOPIC_SCHEMA_ID)
  const batch = numberedBatch(3, 3000)
  const expected = topic.encode(batch)
  const spooled = Buffer.from(codecs.encode(batch))

  const read = codecs.decode(codecs.schema, spooled)
  const sent = topic.encode(read)

  expect(sent.equals(expected)).toBe(true)
  expect(spooled.readUInt32BE(1)).toBe(TOPIC_SCHEMA_ID)
})

test('a batch that was spooled with another schema is written anew', () => {
  const codecs = new ValueCodecs()
  const topic = new AvroCodec('packets.raw', TOPIC_SCHEMA_ID)
  const batch = numberedBatch(3, 3000)
  const spooled = Buffer.from(codecs.encode(batch))

  const read = codecs.decode(`${schemaText('packets.raw')} `, spooled)
  const sent = topic.encode(read)

  expect(sent.equals(topic.encode(batch))).toBe(true)
  expect(spooled.readUInt32BE(1)).toBe(0)
})
