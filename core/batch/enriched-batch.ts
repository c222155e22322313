// What the tagger makes of a raw batch: the same batch under the same name and digest, as columns.
import type { PacketColumns } from '../packets/packet-columns.ts'
import type { RejectReason } from '../packets/reject-reason.ts'
import type { BatchName } from './name.ts'
import type { DeclaredLoss } from './raw-batch.ts'

/** Which data and rules made the batch what it is, so that a count can be explained years later. */
export interface Provenance {
  /** File name and build date (ISO 8601) of each geo database. */
  readonly geo: readonly { readonly name: string; readonly built: string }[]
  /** Version of the tag rules. */
  readonly rules: string
  /** SHA-256 of the sensor list, or 'none' without sensors.yaml. */
  readonly sensors: string
}

/** How many frames of a batch were rejected for one reason. */
export interface RejectedCount {
  readonly reason: RejectReason
  readonly frames: number
}

/** One batch on topic packets.enriched. */
export interface EnrichedBatch {
  readonly name: BatchName
  readonly digest: string
  readonly epochStartedMs: number
  readonly closedAtMs: number
  readonly framesBefore: number
  readonly kernelDrops: number
  readonly declaredLosses: readonly DeclaredLoss[]
  readonly file: string | null
  /** The vantages that count this sensor: its country's and `all`; without sensors.yaml only `all`. */
  readonly vantages: readonly string[]
  readonly packets: PacketColumns
  readonly rejected: readonly RejectedCount[]
  readonly provenance: Provenance
}

/** What could not be used, as on topic packets.rejected. */
export interface RejectedRecord {
  /** Where it came from: the topic, partition and offset of the message. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The batch's name where it had one, as formatName writes it. */
  readonly name: string | null
  readonly file: string | null
  /** Frame number where one frame is rejected, 0 for a whole message or a live packet. */
  readonly frame: number
  readonly reason: RejectReason
  /** The bytes, cut at 1 MiB less room for the rest of the record. */
  readonly bytes: Uint8Array
  readonly lengthBytes: number
  /** SHA-256 (hex) of all the bytes. */
  readonly sha256: string
}
