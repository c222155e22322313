// What the tagger makes of one message of packets.raw, good or bad: one enriched batch under the same name, and
// what was rejected. No message ends the tagger, and none holds up its partition.
import type { EnrichedBatch, RejectedCount, RejectedRecord } from '../batch/enriched-batch.ts'
import { type BatchName, formatName, isBatchNumber, parseName } from '../batch/name.ts'
import { MAX_BATCH_BYTES, MAX_BATCH_FRAMES, type RawBatch } from '../batch/raw-batch.ts'
import type { BusRecord } from '../bus.ts'
import { PacketColumns } from '../packets/packet-columns.ts'
import type { BatchRejectReason } from '../packets/reject-reason.ts'
import { type EnrichContext, enrichBatch, type SensorFacts } from './enrich-batch.ts'
import { rejectedRecord, sha256 } from './rejected-record.ts'

/** All that the tagger knows beside the message. */
export interface TaggingWorld extends EnrichContext {
  /** Facts of a declared sensor, or null where the id is not in sensors.yaml. */
  readonly sensorFacts: (sensor: string) => SensorFacts | null
  /** Longest that a batch may wait in a sensor's spool, in milliseconds; part of the clock rule. */
  readonly spoolAgeLimitMs: number
}

/** Where a message lay. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
}

/** What one message of packets.raw becomes. */
export interface TaggedRecord {
  /** Null only where the message has no readable name: it is then rejected under its offset alone. */
  readonly enriched: EnrichedBatch | null
  readonly rejected: readonly RejectedRecord[]
}

const HOUR_MS = 3_600_000

/**
 * Tags one message. Pure: the same message gives the same answer, so that a second try changes nothing. `columns`, with room
 * for a whole batch, are filled and become those of the answer.
 */
export function tagRecord(
  record: BusRecord<RawBatch>,
  place: RecordPlace,
  world: TaggingWorld,
  columns?: PacketColumns
): TaggedRecord {
  const { delivered } = record
  if (delivered.kind === 'unreadable') {
    const name = delivered.name === null ? null : parseName(delivered.name)
    const frames = Math.min(MAX_BATCH_FRAMES, Math.max(0, delivered.packets ?? 0))
    return rejectMessage(
      record,
      place,
      world,
      name,
      name === null ? 'name-missing' : delivered.reason,
      frames,
      delivered.bytes
    )
  }
  const raw = delivered.value
  const reason = faultOf(record, raw, world)
  if (reason !== null) {
    const name = reason === 'name-differs' ? null : raw.name
    const frames = Math.min(MAX_BATCH_FRAMES, Math.max(0, raw.packets) + raw.refused.length)
    return rejectMessage(record, place, world, name, reason, frames, raw.capture)
  }
  const facts = world.sensorFacts(raw.name.sensor)
  if (facts === null) {
    const frames = raw.packets + raw.refused.length
    return rejectMessage(record, place, world, raw.name, 'unknown-sensor', frames, raw.capture)
  }
  const { batch, rejected, framesFound } = enrichBatch(raw, facts, world, columns)
  if (framesFound + raw.refused.length > MAX_BATCH_FRAMES)
    return rejectMessage(record, place, world, raw.name, 'over-bounds', MAX_BATCH_FRAMES, raw.capture)
  const name = formatName(raw.name)
  return {
    enriched: batch,
    rejected: rejected.map(({ frame, reason, bytes, lengthBytes }) =>
      rejectedRecord({
        ...place,
        offset: record.offset,
        name,
        file: raw.file,
        frame,
        reason,
        bytes,
        lengthBytes
      })
    )
  }
}

/** Why a whole batch cannot be used, or null. */
function faultOf(record: BusRecord<RawBatch>, raw: RawBatch, world: TaggingWorld): BatchRejectReason | null {
  if (record.headerName !== null && record.headerName !== formatName(raw.name)) return 'name-differs'
  if (!isBatchNumber(raw.name.number)) return 'number-out-of-range'
  const isOverBounds =
    raw.packets < 0 ||
    raw.packets + raw.refused.length > MAX_BATCH_FRAMES ||
    raw.capture.length > MAX_BATCH_BYTES + PCAP_HEADER_BYTES
  if (isOverBounds) return 'over-bounds'
  if (!world.hasClockRule) return null
  const aheadMs = raw.closedAtMs - record.appendedAtMs
  return aheadMs > HOUR_MS || -aheadMs > world.spoolAgeLimitMs + HOUR_MS ? 'clock' : null
}

const PCAP_HEADER_BYTES = 24

/**
 * A message that is rejected whole still spends its name: the enriched batch has no packets, and says how many it lost.
 */
function rejectMessage(
  record: BusRecord<RawBatch>,
  place: RecordPlace,
  world: TaggingWorld,
  name: BatchName | null,
  reason: BatchRejectReason,
  frames: number,
  bytes: Uint8Array
): TaggedRecord {
  const { offset } = record
  const formatted = name === null ? null : formatName(name)
  const rejected = rejectedRecord({ ...place, offset, name: formatted, file: null, frame: 0, reason, bytes })
  const digest = sha256(bytes)
  const isNameUsable = name !== null && isBatchNumber(name.number)
  const enriched = isNameUsable ? emptyBatch(record, name, digest, [{ reason, frames }], world) : null
  return { enriched, rejected: [rejected] }
}

function emptyBatch(
  record: BusRecord<RawBatch>,
  name: BatchName,
  digest: string,
  rejected: readonly RejectedCount[],
  world: TaggingWorld
): EnrichedBatch {
  const raw = record.delivered.kind === 'value' ? record.delivered.value : null
  return {
    name,
    digest: raw?.digest ?? digest,
    epochStartedMs: raw?.epochStartedMs ?? 0,
    closedAtMs: raw?.closedAtMs ?? 0,
    framesBefore: raw?.framesBefore ?? 0,
    kernelDrops: raw?.kernelDrops ?? 0,
    declaredLosses: raw?.declaredLosses ?? [],
    file: raw?.file ?? null,
    vantages: world.sensorFacts(name.sensor)?.vantages ?? [],
    packets: new PacketColumns(0),
    rejected,
    provenance: world.provenance
  }
}
