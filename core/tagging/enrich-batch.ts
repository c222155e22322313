// The tagger's step, as a pure function: a raw batch in, the same batch as columns out.
import { MAX_PACKET_AHEAD_MS, MAX_PACKET_BEHIND_MS } from '../batch/clock-rule.ts'
import type { EnrichedBatch, Provenance, RejectedCount } from '../batch/enriched-batch.ts'
import { MAX_BATCH_FRAMES, type RawBatch, REFUSED_BYTES } from '../batch/raw-batch.ts'
import { createCaptureReader } from '../capture/capture-reader.ts'
import { StormpetrelError } from '../errors.ts'
import { type GeoTables, locateColumns } from '../geo/locate.ts'
import { decodePacket } from '../headers/decode.ts'
import { isTimeInRange, PacketColumns } from '../packets/packet-columns.ts'
import { FRAME_REJECT_REASONS, type RejectReason } from '../packets/reject-reason.ts'
import type { AimedAt } from '../tags/aimed-at.ts'
import { tagColumns } from '../tags/tag-columns.ts'

/** A frame that became no packet. */
export interface RejectedFrame {
  /** 1-based in its file; 0 where live. */
  readonly frame: number
  readonly reason: RejectReason
  /** What is kept of it: the link-layer frame where the sensor refused it, the IP packet where the tagger did. */
  readonly bytes: Uint8Array
  readonly lengthBytes: number
}

/** What the tagger knows of the batch's sensor. */
export interface SensorFacts {
  readonly vantages: readonly string[]
  readonly aimedAt: AimedAt
}

/** What the tagger knows of the world. */
export interface EnrichContext {
  readonly geo: GeoTables
  readonly provenance: Provenance
  /**
   * For live batches: packets further than an hour ahead of, or seven days behind, closed-at are rejected. Not in runs.
   */
  readonly hasClockRule: boolean
}

/** What became of a raw batch: every frame of it is in one of the two. */
export interface Enriched {
  readonly batch: EnrichedBatch
  /** Frames of the batch that are no packets, the sensor's refusals included, in frame order. */
  readonly rejected: readonly RejectedFrame[]
  /** Frames that the capture holds, whatever the batch says; only as many as a batch may hold are in the two above. */
  readonly framesFound: number
}

const LINKTYPE_RAW = 101

/**
 * Decodes, tags and geolocates a batch within bounds. Frames found decide: all of them are used, and where the batch
 * says that it has more, the shortfall is rejected as `missing-frames`. Never throws for what is in the batch.
 * `columns` is filled and becomes the batch's; give it only where nobody keeps the batch before.
 */
export function enrichBatch(
  raw: RawBatch,
  sensor: SensorFacts,
  context: EnrichContext,
  columns = new PacketColumns(mostFrames(raw))
): Enriched {
  columns.length = 0
  const rejected: RejectedFrame[] = raw.refused.map((refused) => ({ ...refused }))
  const framesFound = decodeCapture(raw, columns, rejected, context.hasClockRule)
  for (let missing = framesFound; missing < raw.packets; missing++) {
    rejected.push({
      frame: raw.frames[missing] ?? 0,
      reason: 'missing-frames',
      bytes: new Uint8Array(0),
      lengthBytes: 0
    })
  }
  rejected.sort((a, b) => a.frame - b.frame)

  tagColumns(columns, sensor.aimedAt)
  locateColumns(columns, context.geo)
  const batch: EnrichedBatch = {
    name: raw.name,
    digest: raw.digest,
    epochStartedMs: raw.epochStartedMs,
    closedAtMs: raw.closedAtMs,
    framesBefore: raw.framesBefore,
    kernelDrops: raw.kernelDrops,
    declaredLosses: raw.declaredLosses,
    file: raw.file,
    vantages: sensor.vantages,
    packets: columns,
    rejected: countByReason(rejected),
    provenance: context.provenance
  }
  return { batch, rejected, framesFound }
}

/**
 * A frame takes at least its record header in the capture; the sensor's refusals count towards the bound of a batch.
 */
function mostFrames({ capture, refused }: RawBatch): number {
  return Math.max(
    0,
    Math.min(MAX_BATCH_FRAMES - refused.length, Math.ceil(capture.length / LEAST_RECORD_BYTES))
  )
}

const LEAST_RECORD_BYTES = 16

/** Counts rejected frames by reason, in order of first appearance. */
function countByReason(rejected: readonly RejectedFrame[]): RejectedCount[] {
  const counts = new Map<RejectReason, number>()
  for (const frame of rejected) counts.set(frame.reason, (counts.get(frame.reason) ?? 0) + 1)
  return [...counts].map(([reason, frames]) => ({ reason, frames }))
}

/**
 * Fills the columns from the batch's capture; answers how many frames it held, of which the columns take what has room.
 */
function decodeCapture(
  raw: RawBatch,
  columns: PacketColumns,
  rejected: RejectedFrame[],
  hasClockRule: boolean
): number {
  const earliestMs = hasClockRule ? raw.closedAtMs - MAX_PACKET_BEHIND_MS : Number.NEGATIVE_INFINITY
  const latestMs = hasClockRule ? raw.closedAtMs + MAX_PACKET_AHEAD_MS : Number.POSITIVE_INFINITY
  const reader = createCaptureReader(raw.file ?? raw.name.sensor)
  const frame = reader.frame
  const most = mostFrames(raw)
  let found = 0
  try {
    reader.push(raw.capture)
    while (reader.next()) {
      if (frame.linkType !== LINKTYPE_RAW) break
      const frameNumber = raw.frames[found] ?? 0
      found += 1
      if (found > most) continue
      const timeMs = frame.seconds * 1000
      const row = columns.length
      const reasonNumber =
        timeReasonNumber(frame.seconds, timeMs < earliestMs || timeMs > latestMs) ||
        decodePacket(frame.bytes, frame.start, frame.end, columns, row)
      if (reasonNumber === 0) {
        columns.frame[row] = frameNumber
        columns.seconds[row] = frame.seconds
        columns.nanoseconds[row] = frame.nanoseconds
        // Where the network card of the sending host segments, the header says 0: as tshark does, take the length on
        // the wire.
        if (columns.ipLength[row] === 0) columns.ipLength[row] = frame.wireLengthBytes
        columns.length = row + 1
      } else {
        rejected.push({
          frame: frameNumber,
          reason: FRAME_REJECT_REASONS[reasonNumber - 1]!,
          bytes: frame.bytes.slice(frame.start, Math.min(frame.end, frame.start + REFUSED_BYTES)),
          lengthBytes: frame.wireLengthBytes
        })
      }
    }
  } catch (error) {
    // A damaged capture inside a batch loses only what follows the damage: the caller counts the shortfall.
    if (!(error instanceof StormpetrelError)) throw error
  }
  return found
}

const CLOCK_REASON_NUMBER = FRAME_REJECT_REASONS.indexOf('clock') + 1
const TIME_REASON_NUMBER = FRAME_REJECT_REASONS.indexOf('time-out-of-range') + 1

/** 0 where the time is good. A writer of others may put any time into a batch. */
function timeReasonNumber(seconds: number, breaksClockRule: boolean): number {
  if (!isTimeInRange(seconds)) return TIME_REASON_NUMBER
  return breaksClockRule ? CLOCK_REASON_NUMBER : 0
}
