// A record of the spool as bytes: length of the payload and CRC-32 (4 bytes each, little-endian), type (1 byte),
// payload. The CRC covers length, type and payload, and begins with the segment's number: what an older file left on
// the disk is no record. A payload is JSON; that of a batch is the length of its JSON (4 bytes), the JSON, and the
// batch as Avro.
import { crc32 } from 'node:zlib'
import type { BatchEntry, DropEntry, SpoolRecord, SpoolState } from '../../core/spool/spool-records.ts'
import type { FilePosition } from '../../core/spool/input-position.ts'
import { RecordMemory } from './record-memory.ts'

const HEAD_BYTES = 9
/** A batch is under 1 MiB; a state may list many finished files. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024

const TYPES = { state: 1, batch: 2, done: 3, drop: 4, partition: 5, position: 6, handed: 7 } as const

/** A record that was read, and the batch's bytes where it is one (a view into what was read). */
export interface ReadRecord {
  readonly record: SpoolRecord
  readonly value: Uint8Array
  /** Offset of the next record. */
  readonly end: number
}

const NO_BYTES = new Uint8Array(0)

/** The record's bytes, in memory that is taken for them. `value` is the batch's Avro. */
export function encodeRecord(
  segment: number,
  record: SpoolRecord,
  value: Uint8Array = NO_BYTES,
  memory = new RecordMemory()
): Buffer {
  const json = Buffer.from(JSON.stringify(contentsOf(record)))
  const isBatch = record.kind === 'batch'
  const jsonStart = HEAD_BYTES + (isBatch ? 4 : 0)
  const bytes = memory.take(jsonStart + json.length + value.length)
  bytes.writeUInt32LE(bytes.length - HEAD_BYTES, 0)
  bytes[8] = TYPES[record.kind]
  if (isBatch) bytes.writeUInt32LE(json.length, HEAD_BYTES)
  json.copy(bytes, jsonStart)
  bytes.set(value, jsonStart + json.length)
  bytes.writeUInt32LE(checksum(segment, bytes), 4)
  return bytes
}

/** The record at `start`, 'short' where the bytes end before it does, 'bad' where it is none. */
export function decodeRecord(segment: number, bytes: Buffer, start: number): ReadRecord | 'short' | 'bad' {
  if (bytes.length - start < HEAD_BYTES) return 'short'
  const payloadBytes = bytes.readUInt32LE(start)
  if (payloadBytes > MAX_PAYLOAD_BYTES) return 'bad'
  const end = start + HEAD_BYTES + payloadBytes
  if (end > bytes.length) return 'short'
  const own = bytes.subarray(start, end)
  if (own.readUInt32LE(4) !== checksum(segment, own)) return 'bad'
  const type = own[8]
  if (type !== TYPES.batch) return { record: parse(type!, own.subarray(HEAD_BYTES)), value: NO_BYTES, end }
  const jsonEnd = HEAD_BYTES + 4 + own.readUInt32LE(HEAD_BYTES)
  return { record: parse(type, own.subarray(HEAD_BYTES + 4, jsonEnd)), value: own.subarray(jsonEnd), end }
}

function checksum(segment: number, record: Buffer): number {
  return crc32(record.subarray(8), crc32(record.subarray(0, 4), segment))
}

function contentsOf(record: SpoolRecord): object {
  switch (record.kind) {
    case 'state':
      return record.state
    case 'batch':
      return record.entry
    case 'drop':
      return record.drop
    case 'position':
      return record.position
    case 'done':
    case 'handed':
    case 'partition': {
      const { kind: _kind, ...contents } = record
      return contents
    }
    default:
      return record satisfies never
  }
}

/** The checksum was right, so this is what was written. */
function parse(type: number, json: Buffer): SpoolRecord {
  const contents: unknown = JSON.parse(json.toString())
  switch (type) {
    case TYPES.state:
      return { kind: 'state', state: contents as SpoolState }
    case TYPES.batch:
      return { kind: 'batch', entry: contents as BatchEntry }
    case TYPES.done:
      return { kind: 'done', ...(contents as { through: number }) }
    case TYPES.handed:
      return { kind: 'handed', ...(contents as { through: number }) }
    case TYPES.drop:
      return { kind: 'drop', drop: contents as DropEntry }
    case TYPES.partition:
      return { kind: 'partition', ...(contents as { lane: number; partition: number }) }
    case TYPES.position:
      return { kind: 'position', position: contents as FilePosition }
    default:
      throw new Error(`record type ${type} is of a newer version`)
  }
}
