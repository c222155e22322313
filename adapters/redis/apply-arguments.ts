// Turns a slot request into the keys and arguments of apply-slot.lua: batches by lane, cells by window, sums by sensor.
import { laneKey } from '../../core/batch/name.ts'
import type { DeclaredLoss } from '../../core/batch/raw-batch.ts'
import { framesOf, inDeclaredOrder, livesOf, secondsOf } from '../../core/fence/fence-slot.ts'
import { partitionKey } from '../../core/fence/slot-request.ts'
import type {
  CountCell,
  FencedBatch,
  SensorCell,
  SlotRequest,
  SourcePart,
  VantageWindow
} from '../../core/store/count-store.ts'
import {
  endSeconds,
  expiredPacketsOf,
  keepUntilSeconds,
  keptSeconds,
  type Retention
} from '../../core/store/retention.ts'
import { quarterMember, type SlotKeys, seriesMember, windowMember } from './slot-keys.ts'
import { newLogId } from './tidy-sources.ts'

/** What a script is called with. */
export interface ScriptCall {
  readonly keys: string[]
  readonly args: ScriptArgument[]
}

type ScriptArgument = string | number | Buffer

/** Cells of one window, each series once: the script would lose one of two equal ones. */
interface WindowCells {
  readonly window: VantageWindow
  readonly packets: Map<string, number>
  expiredPackets: number
}

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
  const windows = [...cellsByWindow(request.cells).values()]
  const hours = cellsByHour(request.sensorCells)
  const quarters = quartersOf(request.sources)
  const call: ScriptCall = {
    keys: [
      keys.offsets,
      keys.watermarks,
      keys.totals,
      keys.lanes,
      keys.series,
      keys.untrimmedHours,
      keys.lives,
      keys.unobserved,
      keys.quarters,
      ...lanes.map((lane) => keys.lane(lane)),
      ...windows.flatMap(({ window }) => [
        keys.counts(windowMember(window)),
        keys.starts(seriesMember(window))
      ]),
      ...[...hours.keys()].map((startSeconds) => keys.sensorHour(startSeconds)),
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
      windows.length,
      hours.size,
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
  for (const cells of windows) pushWindow(call.args, cells, retention)
  for (const [startSeconds, packets] of hours) {
    const keepUntil = keepUntilSeconds({ size: 'hour', startSeconds }, retention)
    call.args.push(startSeconds, keepUntil, packets.size)
    pushAll(call.args, packets)
  }
  for (const { startSeconds, member, logs } of quarters) {
    call.args.push(startSeconds, member, Buffer.concat(logs))
  }
  return call
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

function cellsByWindow(cells: readonly CountCell[]): Map<string, WindowCells> {
  const windows = new Map<string, WindowCells>()
  // Callers share one window object among its cells: the name is built once an object, not once a cell.
  const byObject = new Map<VantageWindow, WindowCells>()
  for (const cell of cells) {
    let of = byObject.get(cell.window)
    if (of === undefined) {
      const member = windowMember(cell.window)
      of = windows.get(member) ?? { window: cell.window, packets: new Map(), expiredPackets: 0 }
      windows.set(member, of)
      byObject.set(cell.window, of)
    }
    add(of.packets, cell.series, cell.packets)
    of.expiredPackets += expiredPacketsOf(cell)
  }
  return windows
}

function cellsByHour(cells: readonly SensorCell[]): Map<number, Map<string, number>> {
  const hours = new Map<number, Map<string, number>>()
  for (const { startSeconds, sensor, series, packets } of cells) {
    const hour = hours.get(startSeconds) ?? new Map<string, number>()
    hours.set(startSeconds, hour)
    add(hour, `${sensor}|${series}`, packets)
  }
  return hours
}

/** Parts by quarter and vantages, each once: the script would begin one of two equal ones twice. */
function quartersOf(
  parts: readonly SourcePart[]
): { startSeconds: number; member: string; logs: Uint8Array[] }[] {
  const quarters = new Map<string, { startSeconds: number; member: string; logs: Uint8Array[] }>()
  for (const { quarterSeconds, vantages, log } of parts) {
    const member = quarterMember(quarterSeconds, vantages)
    const quarter = quarters.get(member) ?? { startSeconds: quarterSeconds, member, logs: [] }
    quarters.set(member, quarter)
    quarter.logs.push(log)
  }
  return [...quarters.values()]
}

function pushWindow(args: ScriptArgument[], cells: WindowCells, retention: Retention | null): void {
  const { window, packets, expiredPackets } = cells
  const kept = keptSeconds(window.size, retention)
  const lengthSeconds = endSeconds(window) - window.startSeconds
  args.push(window.size, seriesMember(window), window.startSeconds, keepUntilSeconds(window, retention))
  args.push(kept + lengthSeconds, expiredPackets, packets.size)
  pushAll(args, packets)
}

function pushAll(args: ScriptArgument[], packets: ReadonlyMap<string, number>): void {
  for (const [field, value] of packets) args.push(field, value)
}

function add(sums: Map<string, number>, key: string, addend: number): void {
  sums.set(key, (sums.get(key) ?? 0) + addend)
}
