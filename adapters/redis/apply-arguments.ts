// Turns a slot request into the keys and arguments of apply-slot.lua: batches by lane, logs by minute and quarter, sums by
// sensor.
import { laneKey } from '../../core/batch/name.ts'
import type { DeclaredLoss } from '../../core/batch/raw-batch.ts'
import { framesOf, inDeclaredOrder, livesOf, secondsOf } from '../../core/fence/fence-slot.ts'
import { partitionKey } from '../../core/fence/slot-request.ts'
import type { CountPart, FencedBatch, SlotRequest, SourcePart } from '../../core/store/count-store.ts'
import { keepUntilSeconds, type Retention } from '../../core/store/retention.ts'
import { windowStartSeconds } from '../../core/windows/time-zone.ts'
import type { WindowSize } from '../../core/windows/window.ts'
import { minuteMember, quarterMember, type SlotKeys } from './slot-keys.ts'
import { newLogId, plainFrame } from './stored-log.ts'

/** What a script is called with. */
export interface ScriptCall {
  readonly keys: string[]
  readonly args: ScriptArgument[]
}

type ScriptArgument = string | number | Buffer

/** What is appended to one log: the script would begin one of two equal ones twice. */
interface Append<P> {
  readonly member: string
  readonly first: P
  readonly frames: Buffer[]
  packets: number
}

/** A zone's day ends this much later than the day of UTC that holds the same minute, at most. */
const ZONE_SECONDS = 86_400

const SIZES: readonly WindowSize[] = ['minute', 'hour', 'day']

/** The call for a request that checkSlotRequest has let pass. `laneSeconds` 0 keeps lanes for ever. */
export function applyArguments(
  request: SlotRequest,
  keys: SlotKeys,
  retention: Retention | null,
  laneSeconds: number
): ScriptCall {
  const losses = request.batches.flatMap(lossesOf)
  const named = [...request.batches.map(({ name }) => name), ...request.known]
  const lanes = [...new Set([...named.map(laneKey), ...losses.map((loss) => loss.laneKey)])]
  const laneNumbers = new Map(lanes.map((lane, index) => [lane, index + 1]))
  const lives = livesOf(request.batches)
  const watermarks = watermarkBySensor(request.batches)
  const totals = addendsByTotal(request.batches)
  const minutes = appendsOf(request.counts, (part) =>
    minuteMember({ ...part, startSeconds: part.minuteSeconds })
  )
  const quarters = appendsOf(request.sources, (part) =>
    quarterMember({ ...part, startSeconds: part.quarterSeconds })
  )
  const call: ScriptCall = {
    keys: [
      keys.offsets,
      keys.watermarks,
      keys.totals,
      keys.lanes,
      keys.lives,
      keys.unobserved,
      keys.minutes,
      keys.quarters,
      ...lanes.map((lane) => keys.lane(lane)),
      ...minutes.map(({ member }) => keys.minute(member)),
      ...quarters.map(({ member }) => keys.quarter(member))
    ],
    args: [
      laneSeconds,
      request.spans.length,
      lanes.length,
      request.batches.length,
      losses.length,
      lives.length,
      watermarks.size,
      totals.size,
      minutes.length,
      quarters.length,
      request.known.length,
      newLogId(),
      ...request.spans.flatMap((span) => [partitionKey(span), span.from, span.to]),
      ...laneArguments(request.batches, lanes),
      ...request.known.flatMap((name) => [laneNumbers.get(laneKey(name))!, name.number]),
      ...batchArguments(request.batches, laneNumbers),
      ...lossArguments(losses, laneNumbers),
      ...lives.flatMap(({ sensor, startedMs, closedMs }) => [sensor, startedMs, closedMs]),
      ...[...watermarks].flat(),
      ...[...totals].flat()
    ]
  }
  for (const { member, first, frames, packets } of minutes) {
    const { minuteSeconds } = first
    const kept = SIZES.map((size) => keptUntil(size, minuteSeconds, retention))
    const last = retention === null ? 0 : Math.max(...kept) + ZONE_SECONDS
    call.args.push(minuteSeconds, member, packets, ...kept, last, Buffer.concat(frames))
  }
  for (const { member, first, frames } of quarters) {
    call.args.push(first.quarterSeconds, member, Buffer.concat(frames))
  }
  return call
}

/** When the window of UTC that holds a minute is forgotten; 0 for never. */
function keptUntil(size: WindowSize, minuteSeconds: number, retention: Retention | null): number {
  return keepUntilSeconds({ size, startSeconds: windowStartSeconds(size, 'UTC', minuteSeconds) }, retention)
}

/** A loss, the lane that it is of, and when the batch that declares it was closed. */
interface PlacedLoss extends DeclaredLoss {
  readonly laneKey: string
  readonly closedSeconds: number
}

function lossesOf({ name, closedAtMs, declaredLosses }: FencedBatch): PlacedLoss[] {
  return inDeclaredOrder(declaredLosses).map((loss) => ({
    ...loss,
    laneKey: laneKey({ sensor: name.sensor, epoch: loss.epoch, lane: loss.lane, number: 0 }),
    closedSeconds: secondsOf(closedAtMs)
  }))
}

function laneArguments(batches: readonly FencedBatch[], lanes: readonly string[]): (string | number)[] {
  const kernelDrops = new Map<string, number>()
  for (const batch of batches) {
    const key = laneKey(batch.name)
    kernelDrops.set(key, Math.max(batch.kernelDrops, kernelDrops.get(key) ?? 0))
  }
  return lanes.flatMap((lane) => [lane, kernelDrops.get(lane) ?? 0])
}

function batchArguments(
  batches: readonly FencedBatch[],
  laneNumbers: ReadonlyMap<string, number>
): (string | number)[] {
  return batches.flatMap((batch) => {
    const { name, digest, framesBefore, closedAtMs } = batch
    const lane = laneNumbers.get(laneKey(name))!
    return [lane, name.number, digest, framesOf(batch), framesBefore, secondsOf(closedAtMs)]
  })
}

function lossArguments(
  losses: readonly PlacedLoss[],
  laneNumbers: ReadonlyMap<string, number>
): (string | number)[] {
  return losses.flatMap(({ laneKey: key, kind, from, to, frames, closedSeconds }) => {
    return [laneNumbers.get(key)!, kind, from, to, frames, closedSeconds]
  })
}

function watermarkBySensor(batches: readonly FencedBatch[]): Map<string, number> {
  const watermarks = new Map<string, number>()
  for (const { name, watermarkSeconds } of batches) {
    if (watermarkSeconds > (watermarks.get(name.sensor) ?? 0)) watermarks.set(name.sensor, watermarkSeconds)
  }
  return watermarks
}

function addendsByTotal(batches: readonly FencedBatch[]): Map<string, number> {
  const totals = new Map<string, number>()
  for (const { name, countedPackets, rejectedFrames } of batches) {
    add(totals, `${name.sensor}|counted`, countedPackets)
    for (const { reason, frames } of rejectedFrames) add(totals, `${name.sensor}|rejected|${reason}`, frames)
  }
  return totals
}

function appendsOf<P extends CountPart | SourcePart>(
  parts: readonly P[],
  memberOf: (part: P) => string
): Append<P>[] {
  const appends = new Map<string, Append<P>>()
  for (const part of parts) {
    const member = memberOf(part)
    const append = appends.get(member) ?? { member, first: part, frames: [], packets: 0 }
    appends.set(member, append)
    append.frames.push(plainFrame(part.log))
    append.packets += 'packets' in part ? part.packets : 0
  }
  return [...appends.values()]
}

function add(sums: Map<string, number>, key: string, addend: number): void {
  sums.set(key, (sums.get(key) ?? 0) + addend)
}
