// The fields that packets.raw and packets.enriched have in common: the name, and what the ledger is computed from.
import { type BatchName, MAX_LANE } from '../../core/batch/name.ts'
import type { DeclaredLoss } from '../../core/batch/raw-batch.ts'
import type { BatchRejectReason } from '../../core/packets/reject-reason.ts'

/** A value that is Avro and still no batch; `reason` says which rule it breaks. */
export class UnusableValueError extends Error {
  readonly reason: BatchRejectReason

  constructor(reason: BatchRejectReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** The head of a batch in core's words. */
export interface BatchHead {
  readonly name: BatchName
  readonly digest: string
  readonly epochStartedMs: number
  readonly closedAtMs: number
  readonly framesBefore: number
  readonly kernelDrops: number
  readonly declaredLosses: readonly DeclaredLoss[]
  readonly file: string | null
}

/** The head of a batch in the schema's words. */
export interface AvroHead {
  readonly sensor: string
  readonly epoch: string
  readonly lane: number
  readonly number: number
  readonly digest: string
  readonly epoch_started_at: number
  readonly closed_at: number
  readonly frames_before: number
  readonly kernel_drops: number
  readonly declared_losses: readonly AvroLoss[]
  readonly file: string | null
}

interface AvroLoss {
  readonly epoch: string
  readonly lane: number
  readonly from: number
  readonly to: number
  readonly frames: number
  readonly kind: string
}

/** The head in the schema's words, to be spread into a raw or an enriched value. */
export function headToAvro(head: BatchHead): AvroHead {
  return {
    sensor: head.name.sensor,
    epoch: head.name.epoch,
    lane: head.name.lane,
    number: head.name.number,
    digest: head.digest,
    epoch_started_at: head.epochStartedMs,
    closed_at: head.closedAtMs,
    frames_before: head.framesBefore,
    kernel_drops: head.kernelDrops,
    declared_losses: head.declaredLosses,
    file: head.file
  }
}

/**
 * Throws UnusableValueError where the value has no name: a number out of range still has one, and is the tagger's to
 * reject.
 */
export function headFromAvro(head: AvroHead): BatchHead {
  const { sensor, epoch, lane, number } = head
  const isName =
    /^[^|]{1,64}$/.test(sensor) && /^[0-9a-f]{1,64}$/.test(epoch) && lane >= 0 && lane <= MAX_LANE
  if (!isName) throw new UnusableValueError('name-missing', 'no name that formatName could write')
  if (head.frames_before < 0 || head.kernel_drops < 0 || head.digest.length > MAX_DIGEST_LENGTH) {
    throw new UnusableValueError('not-avro', 'a count below 0, or a digest that is none')
  }
  return {
    name: { sensor, epoch, lane, number },
    digest: head.digest,
    epochStartedMs: head.epoch_started_at,
    closedAtMs: head.closed_at,
    framesBefore: head.frames_before,
    kernelDrops: head.kernel_drops,
    declaredLosses: head.declared_losses.flatMap(lossFromAvro),
    file: head.file
  }
}

const MAX_DIGEST_LENGTH = 64

/** A kind that a newer sensor declares and this version does not know is left out: the batch counts all the same. */
function lossFromAvro({ epoch, lane, from, to, frames, kind }: AvroLoss): DeclaredLoss[] {
  if (kind !== 'epoch-end' && kind !== 'spool-drop') return []
  if (Math.min(lane, from, to, frames) < 0) {
    throw new UnusableValueError('not-avro', 'a declared loss with a count below 0')
  }
  return [{ epoch, lane, from, to, frames, kind }]
}
