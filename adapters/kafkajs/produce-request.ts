// The body of a produce request (Kafka protocol, Produce v3 and record batches of magic 2, KIP-98), written into one buffer.
// kafkajs 2.2.4 makes a growing buffer for each number, header, record, batch, partition and topic, and copies the values
// from one to the next seven times: half of the tagger's time, most of it for small records. This is put in the place of its
// encoder for what it can write; a test holds the two together, byte by byte.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { IHeaders, Message } from 'kafkajs'
import { packageRoot } from '../package-root.ts'
import { writeVarint } from '../avro/tap.ts'
import { crc32c } from './crc32c.ts'

/** What kafkajs asks its encoder for; more of it than is used here. */
export interface ProduceArguments {
  readonly acks: number
  readonly timeout: number
  readonly transactionalId?: string | null
  readonly producerId?: { toString(): string }
  readonly compression?: number
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly firstSequence?: number
      readonly messages: readonly Message[]
    }[]
  }[]
}

/** What kafkajs sends: whatever `encode` answers has the bytes in `buf`, up to `offset`. */
interface ProduceRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  readonly expectResponse: () => boolean
  readonly encode: () => Promise<Encoder>
}

/** What kafkajs puts bytes together in. */
export interface Encoder {
  buf: Buffer
  offset: number
  /** Bytes in front of `buf` in the same memory that nobody uses; undefined where kafkajs made it. */
  roomBytes?: number
  writeEncoder: (contents: Encoder) => Encoder
}

type MakeRequest = (produce: ProduceArguments) => ProduceRequest
/** kafkajs's own class of encoders. */
export type EncoderClass = (new (sizeBytes?: number) => Encoder) & { readonly prototype: Encoder }

/** Free bytes in front of a body, for the head of the request: length, key, version, number and the client's name. */
export const HEAD_ROOM_BYTES = 512

/** Before the records: base offset, length, leader epoch, magic, checksum, and what the checksum is of. */
const BATCH_HEAD_BYTES = 61
/** Of these, the part that the length does not count. */
const UNCOUNTED_BYTES = 12
/** Where what the checksum is of begins. */
const CHECKED_FROM = 21
const MAGIC = 2
const NO_PRODUCER = -1n

/** A record with its parts as bytes. */
interface Record {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer, Buffer])[]
  /** Without its own length. */
  readonly bodyBytes: number
}

/** Whether `encodeProduce` writes what kafkajs would. */
export function canEncode({
  transactionalId,
  producerId,
  compression,
  topicData
}: ProduceArguments): boolean {
  const isPlain = (transactionalId ?? null) === null && (compression ?? 0) === 0
  const isNumbered = producerId !== undefined && producerId.toString() !== '-1'
  return (
    isPlain &&
    !isNumbered &&
    topicData.every(({ partitions }) =>
      partitions.every(({ messages }) => messages.every(({ timestamp }) => timestamp === undefined))
    )
  )
}

/** The body of the request, records stamped `nowMs`; in its memory, so many bytes before it are free. */
export function encodeProduce(
  { acks, timeout, topicData }: ProduceArguments,
  nowMs: number,
  roomBytes = 0
): Buffer {
  const topics = topicData.map(({ topic, partitions }) => ({
    name: Buffer.from(topic),
    partitions: partitions.map(({ partition, messages }) => {
      const records = messages.map(recordOf)
      return { partition, records, sizeBytes: batchBytes(records) }
    })
  }))
  let sizeBytes = 2 + 2 + 4 + 4
  for (const { name, partitions } of topics) {
    sizeBytes += 2 + name.length + 4
    for (const each of partitions) sizeBytes += 4 + 4 + each.sizeBytes
  }
  const bytes = Buffer.allocUnsafeSlow(roomBytes + sizeBytes).subarray(roomBytes)
  let at = bytes.writeInt16BE(-1, 0)
  at = bytes.writeInt16BE(acks, at)
  at = bytes.writeInt32BE(timeout, at)
  at = bytes.writeInt32BE(topics.length, at)
  for (const { name, partitions } of topics) {
    at = bytes.writeInt16BE(name.length, at)
    at += name.copy(bytes, at)
    at = bytes.writeInt32BE(partitions.length, at)
    for (const each of partitions) {
      at = bytes.writeInt32BE(each.partition, at)
      at = bytes.writeInt32BE(each.sizeBytes, at)
      at = writeBatch(bytes, at, each.records, each.sizeBytes, nowMs)
    }
  }
  return bytes
}

/**
 * Has kafkajs use it, which loads its own encoder when it first sends. Where it has no such module, or somebody else keeps the
 * modules, it goes on with its own.
 */
export function installProduceRequest(): void {
  const require = createRequire(join(packageRoot(), 'package.json'))
  try {
    const path = require.resolve('kafkajs/src/protocol/requests/produce/v3/request')
    const original = require(path) as MakeRequest
    const Encoder = require('kafkajs/src/protocol/encoder') as EncoderClass
    const loaded = require.cache[path]
    if (loaded === undefined || isInstalled) return
    isInstalled = true
    installHeads(Encoder.prototype)
    loaded.exports = (produce: ProduceArguments): ProduceRequest => {
      const request = original(produce)
      if (!canEncode(produce)) return request
      return {
        ...request,
        encode: () => {
          const encoder = new Encoder(1)
          encoder.buf = encodeProduce(produce, Date.now(), HEAD_ROOM_BYTES)
          encoder.offset = encoder.buf.length
          encoder.roomBytes = HEAD_ROOM_BYTES
          return Promise.resolve(encoder)
        }
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
  }
}

let isInstalled = false

/**
 * kafkajs copies a body behind the request's head, and both behind their length, each time into new memory that it fills with
 * zeros first. Here the head goes in front of the body where it lies: 100 ns less for a packet of a sensor.
 */
export function installHeads(encoder: Encoder): void {
  const copied = encoder.writeEncoder
  encoder.writeEncoder = function (this: Encoder, contents: Encoder): Encoder {
    const { buf, offset, roomBytes } = contents
    if (roomBytes === undefined || this.offset > roomBytes) return copied.call(this, contents)
    const head = this.buf.subarray(0, this.offset)
    this.buf = Buffer.from(buf.buffer, buf.byteOffset - head.length, head.length + offset)
    head.copy(this.buf)
    this.offset = this.buf.length
    this.roomBytes = roomBytes - head.length
    return this
  }
}

function recordOf({ key = null, value, headers }: Message, offsetDelta: number): Record {
  const parts = { key: bytesOf(key), value: bytesOf(value), headers: headersOf(headers) }
  // Attributes, and a time that is that of the batch: a byte each.
  let bodyBytes = 2 + varintBytes(offsetDelta) + sizedBytes(parts.key) + sizedBytes(parts.value)
  bodyBytes += varintBytes(parts.headers.length)
  for (const [name, content] of parts.headers) bodyBytes += sizedBytes(name) + sizedBytes(content)
  return { ...parts, bodyBytes }
}

function bytesOf(part: Buffer | string | null): Buffer | null {
  return part === null || Buffer.isBuffer(part) ? part : Buffer.from(part)
}

/** A name with several contents is that many headers. */
function headersOf(headers: IHeaders = {}): [Buffer, Buffer][] {
  return Object.entries(headers).flatMap(([name, contents]) =>
    (Array.isArray(contents) ? contents : [contents]).map((content): [Buffer, Buffer] => [
      Buffer.from(name),
      bytesOf(content ?? '')!
    ])
  )
}

function batchBytes(records: readonly Record[]): number {
  let sizeBytes = BATCH_HEAD_BYTES
  for (const { bodyBytes } of records) sizeBytes += varintBytes(bodyBytes) + bodyBytes
  return sizeBytes
}

function writeBatch(
  bytes: Buffer,
  start: number,
  records: readonly Record[],
  sizeBytes: number,
  nowMs: number
): number {
  let at = bytes.writeBigInt64BE(0n, start)
  at = bytes.writeInt32BE(sizeBytes - UNCOUNTED_BYTES, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt8(MAGIC, at)
  const checksumAt = at
  at = bytes.writeInt16BE(0, start + CHECKED_FROM)
  at = bytes.writeInt32BE(records.length - 1, at)
  at = bytes.writeBigInt64BE(BigInt(nowMs), at)
  at = bytes.writeBigInt64BE(BigInt(nowMs), at)
  at = bytes.writeBigInt64BE(NO_PRODUCER, at)
  at = bytes.writeInt16BE(0, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt32BE(records.length, at)
  for (const [offsetDelta, record] of records.entries()) at = writeRecord(bytes, at, record, offsetDelta)
  bytes.writeUInt32BE(crc32c(bytes.subarray(start + CHECKED_FROM, at)), checksumAt)
  return at
}

function writeRecord(bytes: Buffer, start: number, record: Record, offsetDelta: number): number {
  let at = writeVarint(bytes, start, record.bodyBytes)
  bytes[at++] = 0
  bytes[at++] = 0
  at = writeVarint(bytes, at, offsetDelta)
  at = writeSized(bytes, at, record.key)
  at = writeSized(bytes, at, record.value)
  at = writeVarint(bytes, at, record.headers.length)
  for (const [name, content] of record.headers) at = writeSized(bytes, writeSized(bytes, at, name), content)
  return at
}

function writeSized(bytes: Buffer, start: number, part: Buffer | null): number {
  const at = writeVarint(bytes, start, part?.length ?? -1)
  return part === null ? at : at + part.copy(bytes, at)
}

function sizedBytes(part: Buffer | null): number {
  return part === null ? 1 : varintBytes(part.length) + part.length
}

/** Bytes of a number of 0 or more as a zigzag varint. */
function varintBytes(value: number): number {
  let sizeBytes = 1
  for (let rest = value * 2; rest > 0x7f; rest = Math.floor(rest / 0x80)) sizeBytes += 1
  return sizeBytes
}
