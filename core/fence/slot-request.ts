// What a slot request must look like. Both stores refuse a malformed one before they change anything.
import { MAX_BATCH_NUMBER, MAX_LANE } from '../batch/name.ts'
import { type DeclaredLoss, MAX_DECLARED_LOSSES } from '../batch/raw-batch.ts'
import type { CountPart, FencedBatch, OffsetSpan, SlotRequest, SourcePart } from '../store/count-store.ts'
import { slotOf } from '../store/slot.ts'
import { QUARTER_SECONDS } from '../windows/parts-of-windows.ts'

/** The most packets of a minute, or of a batch, in one call. */
export const MAX_PACKETS = 2 ** 40

/** The most frames of a lane: sums of them stay exact. */
export const MAX_LANE_FRAMES = 2 ** 48
/** The latest time, in milliseconds since 1970: beyond the year 3000. */
export const MAX_TIME_MS = 2 ** 45

/** Bytes of one part: what one call may bring to Redis. */
const MAX_LOG_BYTES = 256 * 1024 * 1024

/**
 * Throws RangeError (a fault of the caller, not of an operator) where the request breaks the contract of CountStore.
 */
export function checkSlotRequest(request: SlotRequest, slots: number): void {
  requireInteger('slot', request.slot, 0, slots - 1)
  checkSpans(request.spans)
  for (const batch of request.batches) checkBatch(batch, request.slot, slots)
  for (const { sensor, number } of request.known) {
    requireSlot(sensor, request.slot, slots)
    requireInteger('number', number, 1, MAX_BATCH_NUMBER)
  }
  if (request.known.length > 0 && request.spans.length === 0)
    throw new RangeError('known names without spans')
  for (const part of request.counts) checkCountPart(part, request.slot, slots)
  for (const part of request.sources) checkSourcePart(part)
}

/** Throws RangeError where a span is malformed, or two are of one partition: the caller joins those. */
export function checkSpans(spans: readonly OffsetSpan[]): void {
  const partitions = new Set<string>()
  for (const span of spans) {
    requireInteger('partition', span.partition, 0, 2 ** 31)
    requireInteger('from', span.from, 0, Number.MAX_SAFE_INTEGER)
    requireInteger('to', span.to, span.from, Number.MAX_SAFE_INTEGER)
    partitions.add(partitionKey(span))
  }
  if (partitions.size < spans.length) throw new RangeError('two spans of one partition in one call')
}

/** One line that names a partition: its field in the offsets of a slot. */
export function partitionKey(span: Pick<OffsetSpan, 'topic' | 'partition'>): string {
  return `${span.topic}|${span.partition}`
}

function checkBatch(batch: FencedBatch, slot: number, slots: number): void {
  requireSlot(batch.name.sensor, slot, slots)
  requireInteger('lane', batch.name.lane, 0, 2 ** 31)
  requireInteger('number', batch.name.number, 1, MAX_BATCH_NUMBER)
  requireInteger('countedPackets', batch.countedPackets, 0, MAX_PACKETS)
  requireInteger('watermarkSeconds', batch.watermarkSeconds, 0, 2 ** 32)
  for (const { frames } of batch.rejectedFrames) requireInteger('frames', frames, 0, MAX_PACKETS)
  requireInteger('framesBefore', batch.framesBefore, 0, MAX_LANE_FRAMES)
  requireInteger('kernelDrops', batch.kernelDrops, 0, MAX_LANE_FRAMES)
  requireInteger('closedAtMs', batch.closedAtMs, 0, MAX_TIME_MS)
  requireInteger('observedFromMs', batch.observedFromMs ?? 0, 0, MAX_TIME_MS)
  requireInteger('declared losses', batch.declaredLosses.length, 0, MAX_DECLARED_LOSSES)
  for (const loss of batch.declaredLosses) {
    if (!isPossibleLoss(loss)) throw new RangeError(`no loss: ${JSON.stringify(loss)}`)
  }
}

/** Whether the fence can keep a declared loss; others are damage, and left out before a store is asked. */
export function isPossibleLoss({ epoch, lane, kind, from, to, frames }: DeclaredLoss): boolean {
  const areNumbers =
    isIntegerWithin(from, 1, MAX_BATCH_NUMBER + 1) &&
    (kind === 'epoch-end' || isIntegerWithin(to, from, MAX_BATCH_NUMBER))
  return (
    areNumbers &&
    /^[0-9a-z]{1,64}$/.test(epoch) &&
    isIntegerWithin(lane, 0, MAX_LANE) &&
    isIntegerWithin(frames, 0, MAX_LANE_FRAMES)
  )
}

function isIntegerWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

function checkCountPart(part: CountPart, slot: number, slots: number): void {
  const { minuteSeconds, sensor, vantages, packets, log } = part
  requireSlot(sensor, slot, slots)
  requireInteger('minuteSeconds', minuteSeconds, 0, 2 ** 32)
  if (minuteSeconds % 60 !== 0) throw new RangeError(`${minuteSeconds} is no start of a minute`)
  if (vantages.length === 0) throw new RangeError('packets of no vantage')
  requireInteger('packets', packets, 1, MAX_PACKETS)
  requireInteger('bytes of packets', log.length, 1, MAX_LOG_BYTES)
}

function checkSourcePart({ quarterSeconds, vantages, log }: SourcePart): void {
  requireInteger('quarterSeconds', quarterSeconds, 0, 2 ** 32)
  if (quarterSeconds % QUARTER_SECONDS !== 0)
    throw new RangeError(`${quarterSeconds} is no start of a quarter of an hour`)
  if (vantages.length === 0) throw new RangeError('sources of no vantage')
  requireInteger('bytes of sources', log.length, 1, MAX_LOG_BYTES)
}

function requireSlot(sensor: string, slot: number, slots: number): void {
  if (sensor === '' || sensor.includes('|')) throw new RangeError(`'${sensor}' is no sensor id`)
  if (slotOf(sensor, slots) !== slot) throw new RangeError(`sensor ${sensor} is not of slot ${slot}`)
}

function requireInteger(what: string, value: number, least: number, most: number): void {
  if (!isIntegerWithin(value, least, most)) {
    throw new RangeError(`${what} is ${value}, outside ${least}..${most}`)
  }
}
