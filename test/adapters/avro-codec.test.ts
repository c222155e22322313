import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import avro from 'avsc'
import * as fc from 'fast-check'
import { columnarType } from '../../adapters/avro/column-types.ts'
import { enrichedToAvro } from '../../adapters/avro/enriched-value.ts'
import { UNCOUNTED_FIELDS } from '../../adapters/avro/packet-table.ts'
import { type RecordSchema, topicSchema } from '../../adapters/avro/schemas.ts'
import { AvroCodec } from '../../adapters/avro-codec.ts'
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import { MAX_BATCH_FRAMES, type RawBatch } from '../../core/batch/raw-batch.ts'
import type { TopicName } from '../../core/bus.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import type { SurgeChange } from '../../core/surges/surge-change.ts'
import { surgeChange } from '../builders/surges.ts'
import { enrichedBatch, rawBatch, rejectedRecord } from './avro/random-batches.ts'

const SCHEMA_ID = 0x01020304

/** The value as the codec gives it back, or a failed test. */
function readAs<K extends TopicName>(codec: AvroCodec<K>, bytes: Uint8Array) {
  const decoded = codec.decode(bytes)
  if (decoded.kind !== 'value') throw new Error(`not read: ${JSON.stringify(decoded)}`)
  return decoded.value
}

/** Everything of a batch that travels, with the columns cut to their length. */
function transported(batch: EnrichedBatch): object {
  const { packets, ...rest } = batch
  const { length } = packets
  const columns: Record<string, unknown> = { length }
  for (const [name, column] of Object.entries(packets)) {
    if (name === 'capacity' || name === 'length') continue
    if (['tcpDataOffset', 'tcpWindow', 'fragment'].includes(name)) continue
    const width = name === 'src' || name === 'dst' ? 4 : 1
    columns[name] = Array.from((column as Uint32Array).subarray(0, length * width))
  }
  return { ...rest, packets: columns }
}

describe('what is written is read again', () => {
  test('raw batches', () => {
    const codec = new AvroCodec('packets.raw', SCHEMA_ID)

    fc.assert(
      fc.property(rawBatch, (batch) => {
        const bytes = codec.encode(batch)
        const read = readAs(codec, bytes)

        expect(read).toEqual(batch)
        expect(codec.encode(read).equals(bytes)).toBe(true)
      })
    )
  })

  test('enriched batches', () => {
    const codec = new AvroCodec('packets.enriched', SCHEMA_ID)

    fc.assert(
      fc.property(enrichedBatch, (batch) => {
        const bytes = codec.encode(batch)
        const read = readAs(codec, bytes)

        expect(transported(read)).toEqual(transported(batch))
        expect(codec.encode(read).equals(bytes)).toBe(true)
      })
    )
  })

  test('enriched batches by whoever only counts: what is not counted by holds nothing', () => {
    const codec = new AvroCodec('packets.enriched', SCHEMA_ID)
    const counting = new AvroCodec('packets.enriched', SCHEMA_ID, UNCOUNTED_FIELDS)

    fc.assert(
      fc.property(enrichedBatch, (batch) => {
        const { packets, ...rest } = readAs(counting, codec.encode(batch))

        expect({ ...rest, packets: null }).toEqual({ ...batch, packets: null })
        expect(packets.length).toBe(batch.packets.length)
        for (const field of [
          'seconds',
          'ipVersion',
          'src',
          'protocol',
          'dstPort',
          'tags',
          'region',
          'asn'
        ] as const) {
          expect(packets[field]).toEqual(batch.packets[field].slice(0, packets[field].length))
        }
        for (const field of ['nanoseconds', 'dst', 'ttl', 'ipLength', 'notes', 'frame'] as const)
          expect(packets[field].every((value) => value === 0)).toBe(true)
      })
    )
  })

  test('enriched batches by the schema that they had before, in columns of their own', () => {
    const older = JSON.parse(
      readFileSync('test/data/schemas/packets.enriched.2.avsc', 'utf8')
    ) as RecordSchema
    const type = columnarType(older)
    const reader = new AvroCodec('packets.enriched', SCHEMA_ID)
    reader.learn(7, JSON.stringify(older))

    fc.assert(
      fc.property(enrichedBatch, (batch) => {
        const { length, seconds, frame } = batch.packets
        const columns = { timestamp_seconds: seconds.subarray(0, length), frame: frame.subarray(0, length) }
        const bytes = Buffer.concat([
          Buffer.from([0, 0, 0, 0, 7]),
          type.toBuffer({ ...enrichedToAvro(batch), ...columns })
        ])

        expect(transported(readAs(reader, bytes))).toEqual(transported(batch))
      })
    )
  })

  test('every array by avsc itself: the same values, and the same bytes but for the sizes of blocks', () => {
    const plain = avro.Type.forSchema(topicSchema('packets.enriched') as avro.Schema, { wrapUnions: 'never' })
    const codec = new AvroCodec('packets.enriched', SCHEMA_ID)

    fc.assert(
      fc.property(enrichedBatch, (batch) => {
        const bytes = codec.encode(batch)
        const value = plain.fromBuffer(bytes.subarray(5)) as Record<string, unknown>
        const again = plain.toBuffer(value)

        expect(value.src).toHaveLength(batch.packets.length)
        expect(readAs(codec, Buffer.concat([bytes.subarray(0, 5), again]))).toEqual(readAs(codec, bytes))
        const blocks = Object.values(value).filter((one) => Array.isArray(one) && one.length > 0).length
        expect(bytes.length - 5 - again.length).toBeGreaterThanOrEqual(0)
        expect(bytes.length - 5 - again.length).toBeLessThanOrEqual(3 * blocks)
      })
    )
  })

  test('rejected records', () => {
    const codec = new AvroCodec('packets.rejected', SCHEMA_ID)

    fc.assert(
      fc.property(rejectedRecord, (record) => {
        const bytes = codec.encode(record)
        const read = readAs(codec, bytes)

        expect(read).toEqual(record)
        expect(codec.encode(read).equals(bytes)).toBe(true)
      })
    )
  })

  test('changes of surges, and none of a kind or state that is not known', () => {
    const codec = new AvroCodec('surges', SCHEMA_ID)
    for (const change of [
      surgeChange(),
      surgeChange({ state: 'closed', closedSeconds: 1_652_100_000, drivers: [], severity: 'page' })
    ]) {
      expect(readAs(codec, codec.encode(change))).toEqual(change)
    }
    for (const over of [{ kind: 'flood' }, { state: 'asleep' }]) {
      const bytes = codec.encode(surgeChange(over as unknown as Partial<SurgeChange>))
      expect(codec.decode(bytes)).toEqual({ kind: 'unreadable', reason: 'not-avro' })
    }
  })

  test('a value larger than the write buffer', () => {
    const codec = new AvroCodec('packets.rejected', SCHEMA_ID)
    const [sample] = fc.sample(rejectedRecord, 1)
    const record = { ...sample!, bytes: Buffer.alloc(1024 * 1024, 7) }

    const { bytes, ...rest } = readAs(codec, codec.encode(record))

    expect(record.bytes.equals(bytes)).toBe(true)
    expect(record).toMatchObject(rest)
    expect(readAs(codec, codec.encode(sample!))).toEqual(sample)
  })
})

test('a value begins with 0x00 and the schema id, most significant byte first', () => {
  const codec = new AvroCodec('packets.rejected', SCHEMA_ID)

  const bytes = codec.encode(fc.sample(rejectedRecord, 1)[0]!)

  expect([...bytes.subarray(0, 5)]).toEqual([0, 1, 2, 3, 4])
})

describe('what cannot be read never throws', () => {
  const codecs = {
    raw: new AvroCodec('packets.raw', SCHEMA_ID),
    enriched: new AvroCodec('packets.enriched', SCHEMA_ID),
    rejected: new AvroCodec('packets.rejected', SCHEMA_ID)
  }
  const header = Buffer.from([0, 1, 2, 3, 4])

  test('any bytes after the header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const bytes = Buffer.concat([header, body])
        for (const codec of Object.values(codecs)) {
          expect(['value', 'unreadable']).toContain(codec.decode(bytes).kind)
        }
      })
    )
  })

  test('a batch with some bytes changed, or cut anywhere', () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255) })
    fc.assert(
      fc.property(enrichedBatch, fc.array(change), fc.nat(), (batch, changes, cut) => {
        const bytes = codecs.enriched.encode(batch)
        for (const { at, to } of changes) bytes[5 + (at % (bytes.length - 5))] = to
        const isCut = cut % 2 === 0

        const decoded = codecs.enriched.decode(isCut ? bytes.subarray(0, cut % bytes.length) : bytes)

        expect(['value', 'unreadable']).toContain(decoded.kind)
        if (decoded.kind === 'value') {
          const { packets } = decoded.value
          for (const port of packets.dstPort) expect(port).toBeGreaterThanOrEqual(-1)
        }
      })
    )
  })

  test('an empty value, one without 0x00, and one with a byte too many are not Avro', () => {
    const whole = codecs.raw.encode(fc.sample(rawBatch, 1)[0]!)

    for (const bytes of [
      Buffer.alloc(0),
      header,
      Buffer.from('{"json": true}'),
      Buffer.concat([whole, header])
    ]) {
      expect(codecs.raw.decode(bytes)).toEqual({ kind: 'unreadable', reason: 'not-avro' })
    }
  })

  test('a name that nobody could write is no name', () => {
    const [batch] = fc.sample(rawBatch, 1)

    for (const name of [
      { sensor: 'a|b', epoch: 'ab', lane: 0, number: 1 },
      { sensor: 'a', epoch: 'not hex', lane: 0, number: 1 },
      { sensor: '', epoch: 'ab', lane: 0, number: 1 },
      { sensor: 'a', epoch: 'ab', lane: -1, number: 1 }
    ]) {
      const bytes = codecs.raw.encode({ ...batch!, name })
      expect(codecs.raw.decode(bytes)).toEqual({ kind: 'unreadable', reason: 'name-missing' })
    }
  })

  test('more frames than a batch may hold is over bounds', () => {
    const [batch] = fc.sample(rawBatch, 1)
    const frames = new Float64Array(MAX_BATCH_FRAMES + 1).fill(1)

    const bytes = codecs.raw.encode({ ...batch!, frames })

    expect(codecs.raw.decode(bytes)).toEqual({ kind: 'unreadable', reason: 'over-bounds' })
  })

  test('less than no packets, or rejected frames that are no count, are not Avro', () => {
    const [raw] = fc.sample(rawBatch, 1)
    const [enriched] = fc.sample(enrichedBatch, 1)
    const notAvro = { kind: 'unreadable', reason: 'not-avro' }

    expect(codecs.raw.decode(codecs.raw.encode({ ...raw!, packets: -1 }))).toEqual(notAvro)
    for (const frames of [-1, 2 ** 41]) {
      const rejected = [{ reason: 'clock' as const, frames }]
      expect(codecs.enriched.decode(codecs.enriched.encode({ ...enriched!, rejected }))).toEqual(notAvro)
    }
  })

  test('packets that are counted nowhere, or have no time, are not Avro', () => {
    const packets = new PacketColumns(1)
    packets.length = 1
    packets.ipVersion[0] = 4
    const batch = { ...fc.sample(enrichedBatch, 1)[0]!, packets }
    const notAvro = { kind: 'unreadable', reason: 'not-avro' }
    const written = (over: object): Buffer =>
      Buffer.concat([
        header,
        columnarType(topicSchema('packets.enriched')).toBuffer({ ...enrichedToAvro(batch), ...over })
      ])

    expect(codecs.enriched.decode(written({})).kind).toBe('value')
    expect(codecs.enriched.decode(written({ vantages: [] }))).toEqual(notAvro)
    expect(codecs.enriched.decode(written({ seconds_after_start: new Float64Array(0) }))).toEqual(notAvro)
  })

  test('a column of another length makes a batch unreadable, also to whoever passes over it', () => {
    const packets = new PacketColumns(3)
    packets.length = 3
    packets.ipVersion.fill(4)
    const batch = { ...fc.sample(enrichedBatch, 1)[0]!, packets }
    const counting = new AvroCodec('packets.enriched', SCHEMA_ID, UNCOUNTED_FIELDS)
    const addresses = { length: 2, versions: packets.ipVersion, words: packets.dst }

    for (const over of [{ ttl: new Float64Array(2) }, { tcp_seq: new Float64Array(4) }, { dst: addresses }]) {
      const body = columnarType(topicSchema('packets.enriched')).toBuffer({
        ...enrichedToAvro(batch),
        ...over
      })
      for (const codec of [codecs.enriched, counting]) {
        expect(codec.decode(Buffer.concat([header, body]))).toEqual({
          kind: 'unreadable',
          reason: 'not-avro'
        })
      }
    }
  })

  test('a port that no packet can have makes a batch unreadable', () => {
    const packets = new PacketColumns(1)
    packets.length = 1
    packets.ipVersion[0] = 4
    packets.dstPort[0] = 70_000
    const batch = { ...fc.sample(enrichedBatch, 1)[0]!, packets }

    const bytes = codecs.enriched.encode(batch)

    expect(codecs.enriched.decode(bytes)).toEqual({ kind: 'unreadable', reason: 'not-avro' })
  })
})

/** A count as Avro writes it, of any size. */
function zigzag(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = BigInt(value) * 2n; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

describe('a count that lies takes no memory', () => {
  /** Every array of the schema in turn says that it has this many elements, with no bytes after it. */
  const lyingCounts = [2 ** 20, 2 ** 31, 2 ** 40, 2 ** 52]
  // The fields before the first array: sensor, epoch, lane, number, digest, two times, two counts.
  const start = Buffer.from([0, 1, 2, 3, 4, 2, 0x61, 2, 0x61, 0, 2, 0, 0, 0, 0, 0])
  const noLossesNoFile = Buffer.from([0, 0])

  test.each(lyingCounts)('%d declared losses, vantages, frames, addresses', (count) => {
    const before = process.memoryUsage()
    for (const topic of ['packets.raw', 'packets.enriched'] as const) {
      const codec = new AvroCodec(topic, SCHEMA_ID)
      const beginnings = [start, Buffer.concat([start, noLossesNoFile])]
      // packets.raw goes on with its packet count and an empty capture; packets.enriched with arrays only.
      if (topic === 'packets.raw')
        beginnings.push(Buffer.concat([start, noLossesNoFile, Buffer.from([0, 0])]))
      else beginnings.push(Buffer.concat([start, noLossesNoFile, Buffer.alloc(1)]))
      if (topic === 'packets.enriched') {
        beginnings.push(Buffer.concat([start, noLossesNoFile, Buffer.alloc(4)]))
      }
      for (const beginning of beginnings) {
        for (const filler of [0, 1000]) {
          const value = Buffer.concat([beginning, zigzag(count), Buffer.alloc(filler, 8)])
          expect(codec.decode(value).kind).toBe('unreadable')
        }
      }
    }
    const after = process.memoryUsage()
    expect(after.rss - before.rss).toBeLessThan(64 * 1024 * 1024)
  })

  test('true counts over the bounds are refused before they are read', () => {
    const codec = new AvroCodec('packets.enriched', SCHEMA_ID)
    const elements = 900_000
    const value = Buffer.concat([start, noLossesNoFile, zigzag(elements), Buffer.alloc(elements)])

    expect(codec.decode(value)).toEqual({ kind: 'unreadable', reason: 'over-bounds' })
  })
})

/** The newest schema without some fields, as an older writer had it, or with others before them. */
function writerSchema(removed: readonly string[], added: readonly object[] = []): object {
  const schema = topicSchema('packets.enriched')
  return { ...schema, fields: [...added, ...schema.fields.filter(({ name }) => !removed.includes(name))] }
}

/** What today's reader makes of a batch that was written with another schema. */
function roundTrip(batch: EnrichedBatch, schema: object): EnrichedBatch {
  const reader = new AvroCodec('packets.enriched', SCHEMA_ID)
  const body = columnarType(schema).toBuffer({ ...enrichedToAvro(batch), extra: [1, 2, 3], note: 'later' })
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 99]), body])

  expect(reader.decode(bytes)).toEqual({ kind: 'schema-unknown', schemaId: 99 })
  reader.learn(99, JSON.stringify(schema))
  return readAs(reader, bytes)
}

describe('values of other schemas', () => {
  test('a column that the writer did not have is absent in every packet', () => {
    fc.assert(
      fc.property(enrichedBatch, (batch) => {
        const read = roundTrip(batch, writerSchema(['tcp_seq', 'asn', 'region']))

        const { length } = batch.packets
        expect([...read.packets.tcpSeq]).toEqual(Array.from({ length }, () => -1))
        expect([...read.packets.asn]).toEqual(Array.from({ length }, () => 0))
        expect([...read.packets.region]).toEqual(Array.from({ length }, () => 0x5a5a))
        expect([...read.packets.ttl]).toEqual([...batch.packets.ttl.subarray(0, length)])
      }),
      { numRuns: 20 }
    )
  })

  test('fields that the writer had and we do not are passed over', () => {
    const added = [
      { name: 'extra', type: { type: 'array', items: 'long' }, default: [] },
      { name: 'note', type: 'string', default: '' }
    ]
    fc.assert(
      fc.property(enrichedBatch, (batch) => {
        const read = roundTrip(batch, writerSchema([], added))

        expect(transported(read)).toEqual(transported(batch))
      }),
      { numRuns: 20 }
    )
  })

  test('reasons, kinds of losses and tags of a newer version cost nobody a packet', () => {
    const [sample] = fc.sample(
      enrichedBatch.filter(({ packets }) => packets.length > 0),
      1
    )
    const loss = { epoch: 'ab', lane: 0, from: 1, to: 2, frames: 3 }
    const newer = {
      ...sample!,
      declaredLosses: [
        { ...loss, kind: 'spool-drop' },
        { ...loss, kind: 'eaten' }
      ],
      rejected: [{ reason: 'too-blue', frames: 7 }]
    } as unknown as EnrichedBatch
    newer.packets.tags[0] = 2 ** 31 + 1
    const codec = new AvroCodec('packets.enriched', SCHEMA_ID)

    const read = readAs(codec, codec.encode(newer))

    expect(read.declaredLosses).toEqual([{ ...loss, kind: 'spool-drop' }])
    expect(read.rejected).toEqual([{ reason: 'other', frames: 7 }])
    expect(read.packets.tags[0]).toBe(1)
    expect(read.packets.length).toBe(newer.packets.length)
  })

  test('a schema of another topic, or one that is no Avro, is unknown', () => {
    const codec = new AvroCodec('packets.raw', SCHEMA_ID)
    const bytes = Buffer.from([0, 0, 0, 0, 99, 1, 2, 3])

    for (const schema of [
      JSON.stringify(topicSchema('packets.enriched')),
      '"string"',
      'syntax = "proto3";'
    ]) {
      codec.learn(99, schema)
      expect(codec.decode(bytes)).toEqual({ kind: 'unreadable', reason: 'unknown-schema' })
    }
  })
})

test('the largest batch stays under 1 MiB when enriched, and so does the raw one', () => {
  const packets = new PacketColumns(MAX_BATCH_FRAMES)
  packets.length = MAX_BATCH_FRAMES
  for (const column of Object.values(packets)) {
    // Every field as large as its column allows; the addresses are IPv6.
    if (ArrayBuffer.isView(column)) (column as Uint32Array).fill(2 ** 32 - 1)
  }
  packets.frame.fill(2 ** 52)
  packets.ipVersion.fill(6)
  packets.nanoseconds.fill(999_999_999)
  packets.srcPort.fill(65_535)
  packets.dstPort.fill(65_535)
  packets.ipId.fill(65_535)
  packets.tcpFlags.fill(4095)
  packets.icmpType.fill(255)
  packets.icmpCode.fill(255)
  for (let row = 0; row < MAX_BATCH_FRAMES; row++) {
    packets.region[row] = ((0x41 + (row % 26)) << 8) | (0x41 + (Math.floor(row / 26) % 26))
  }
  const [sample] = fc.sample(enrichedBatch, 1)
  const enriched = { ...sample!, packets }
  const raw: RawBatch = {
    ...fc.sample(rawBatch, 1)[0]!,
    capture: Buffer.alloc(384 * 1024 + 24, 255),
    frames: new Float64Array(MAX_BATCH_FRAMES).fill(2 ** 52)
  }

  const enrichedBytes = new AvroCodec('packets.enriched', SCHEMA_ID).encode(enriched)
  const rawBytes = new AvroCodec('packets.raw', SCHEMA_ID).encode(raw)

  expect(readAs(new AvroCodec('packets.enriched', SCHEMA_ID), enrichedBytes).packets.length).toBe(4096)
  expect(enrichedBytes.length).toBeLessThan(512 * 1024)
  expect(rawBytes.length).toBeLessThan(512 * 1024)
})
