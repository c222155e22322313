// One slot of the fence: which batches were counted, up to which offset, and what is missing. It says what
// adapters/redis/apply-slot.lua does, in TypeScript: the in-memory store runs on it, and the script is tested against
// it.
import { type BatchName, laneKey, parseName } from '../batch/name.ts'
import type { DeclaredLoss } from '../batch/raw-batch.ts'
import type {
  FencedBatch,
  LaneGap,
  LostRecords,
  OffsetSpan,
  SeenHow,
  SensorTotals,
  SlotOutcome,
  UnobservedInterval
} from '../store/count-store.ts'
import { Lane } from './lane.ts'
import { formatRanges } from './seen-ranges.ts'
import { partitionKey } from './slot-request.ts'

/** Unobserved intervals of a slot that are kept: the newest. */
const INTERVALS_KEPT = 1000

type Refusal = Exclude<SlotOutcome, { kind: 'applied' }>

type Totals = {
  -readonly [K in Exclude<keyof SensorTotals, 'sensor' | 'rejectedFrames'>]: SensorTotals[K]
} & {
  readonly rejectedFrames: Map<string, number>
}

/**
 * Names, digests, offsets, watermarks and the ledger of one slot. `check` changes nothing; `commit` follows a check
 * that passed.
 */
export class FenceSlot {
  readonly #offsets = new Map<string, number>()
  readonly #lanes = new Map<string, Lane>()
  readonly #watermarks = new Map<string, number>()
  readonly #totals = new Map<string, Totals>()
  /** The newest life of each sensor on a live interface. */
  readonly #lives = new Map<string, { readonly startedMs: number; readonly closedMs: number }>()
  #unobserved: UnobservedInterval[] = []
  readonly #lost = new Map<string, LostRecords>()

  /**
   * Why these batches must not be counted now, or null. An offset that is behind, and a known name that is not known,
   * are told before names are looked at.
   */
  check(
    spans: readonly OffsetSpan[],
    batches: readonly FencedBatch[],
    known: readonly BatchName[] = []
  ): Refusal | null {
    return behindSpan(this.#offsets, spans) ?? this.#lostName(spans, known) ?? this.#seenBatches(batches)
  }

  /** Enters the batches as counted and moves the offsets up, never down. */
  commit(spans: readonly OffsetSpan[], batches: readonly FencedBatch[]): void {
    moveOffsets(this.#offsets, spans)
    const before = this.#standing(batches)
    for (const batch of batches) this.#enter(batch)
    for (const batch of batches) this.#declare(batch)
    const newestSeconds = newestClosedSeconds(batches)
    for (const [key, standing] of before) {
      this.#totalsOf(sensorOf(key)).lostFrames += this.#laneOf(key).closeLowest(newestSeconds)
      this.#addStanding(key, standing)
    }
    for (const batch of batches) this.#addTotals(batch)
    this.#observe(batches)
  }

  /** The first span is told: which one the name came from nobody remembers, and all go back together. */
  #lostName([first]: readonly OffsetSpan[], known: readonly BatchName[]): Refusal | null {
    const isLost = ({ number, ...lane }: BatchName): boolean =>
      (this.#lanes.get(laneKey({ ...lane, number }))?.known(number).kind ?? 'unseen') === 'unseen'
    if (first === undefined || !known.some(isLost)) return null
    const { topic, partition } = first
    return { kind: 'behind', partition, storedOffset: this.offset(topic, partition) }
  }

  /** Raises the offset to where the log starts, never down, and notes what is lost. */
  trim(topic: string, partition: number, toOffset: number): void {
    const from = this.offset(topic, partition)
    if (toOffset <= from) return
    const key = `${partitionKey({ topic, partition })}|${from}`
    this.#lost.set(key, { topic, partition, from, to: toOffset })
    moveOffsets(this.#offsets, [{ topic, partition, from, to: toOffset }])
  }

  /** Next offset of a partition, 0 where nothing is stored. */
  offset(topic: string, partition: number): number {
    return this.#offsets.get(partitionKey({ topic, partition })) ?? 0
  }

  /** The seen ranges of a lane as text; empty where nothing was seen. */
  seenNumbers(name: Omit<BatchName, 'number'>): string {
    return formatRanges(this.#lanes.get(laneKey({ ...name, number: 0 }))?.ranges ?? [])
  }

  /** Newest packet time by sensor, in seconds, of sensors that counted a packet. */
  watermarks(): ReadonlyMap<string, number> {
    return this.#watermarks
  }

  totals(): SensorTotals[] {
    return [...this.#totals].map(([sensor, totals]) => {
      return { sensor, ...totals, rejectedFrames: Object.fromEntries(totals.rejectedFrames) }
    })
  }

  gaps(): LaneGap[] {
    return [...this.#lanes].flatMap(([key, lane]) => gapsOf(key, lane))
  }

  unobserved(): readonly UnobservedInterval[] {
    return this.#unobserved
  }

  lostRecords(): LostRecords[] {
    return [...this.#lost.values()]
  }

  #seenBatches(batches: readonly FencedBatch[]): Refusal | null {
    const inCall = new Map<string, string>()
    const seen: { index: number; how: SeenHow }[] = []
    for (const [index, { name, digest }] of batches.entries()) {
      const key = `${laneKey(name)}|${name.number}`
      const known = this.#lanes.get(laneKey(name))?.known(name.number) ?? { kind: 'unseen' }
      if (known.kind === 'closed') {
        seen.push({ index, how: 'closed' })
        continue
      }
      const earlier = known.kind === 'seen' ? known.digest : inCall.get(key)
      if (earlier !== undefined)
        seen.push({ index, how: earlier === '' || earlier === digest ? 'same' : 'other' })
      else inCall.set(key, digest)
    }
    return seen.length === 0 ? null : { kind: 'seen', seen }
  }

  /** Captured and missing frames, before the change, of every lane that the batches may change. */
  #standing(batches: readonly FencedBatch[]): Map<string, Standing> {
    const keys = batches.flatMap(({ name, declaredLosses }) => [
      laneKey(name),
      ...declaredLosses.map((loss) => laneKey({ ...loss, sensor: name.sensor, number: 0 }))
    ])
    return new Map(keys.map((key) => [key, standingOf(this.#lanes.get(key))]))
  }

  #addStanding(key: string, before: Standing): void {
    const after = standingOf(this.#lanes.get(key))
    const totals = this.#totalsOf(sensorOf(key))
    totals.capturedFrames += after.capturedFrames - before.capturedFrames
    totals.gapFrames += after.gapFrames - before.gapFrames
  }

  #enter(batch: FencedBatch): void {
    const { name, digest, framesBefore, closedAtMs, watermarkSeconds } = batch
    const lane = this.#laneOf(laneKey(name))
    lane.enter(name.number, digest, framesOf(batch), framesBefore, secondsOf(closedAtMs))
    this.#totalsOf(name.sensor).kernelDroppedPackets += lane.raiseKernelDrops(batch.kernelDrops)
    if (watermarkSeconds > (this.#watermarks.get(name.sensor) ?? 0)) {
      this.#watermarks.set(name.sensor, watermarkSeconds)
    }
  }

  #declare({ name, closedAtMs, declaredLosses }: FencedBatch): void {
    for (const { epoch, lane: number, kind, from, to, frames } of inDeclaredOrder(declaredLosses)) {
      const lane = this.#laneOf(laneKey({ sensor: name.sensor, epoch, lane: number, number: 0 }))
      if (kind === 'epoch-end') lane.declareEnd({ number: from - 1, frames })
      else {
        const dropped = lane.closeDropped(from, to, frames, secondsOf(closedAtMs))
        this.#totalsOf(name.sensor).droppedFrames += dropped
      }
    }
  }

  #addTotals({ name, countedPackets, rejectedFrames }: FencedBatch): void {
    const totals = this.#totalsOf(name.sensor)
    totals.countedPackets += countedPackets
    for (const { reason, frames } of rejectedFrames) {
      totals.rejectedFrames.set(reason, (totals.rejectedFrames.get(reason) ?? 0) + frames)
    }
  }

  /** A new life of a sensor begins where the one before was last heard of. */
  #observe(batches: readonly FencedBatch[]): void {
    for (const { sensor, startedMs, closedMs } of livesOf(batches)) {
      const last = this.#lives.get(sensor)
      if (last !== undefined && startedMs > last.startedMs && startedMs > last.closedMs)
        this.#unobserved.push({ sensor, fromMs: last.closedMs, toMs: startedMs })
      if (last === undefined || startedMs > last.startedMs) this.#lives.set(sensor, { startedMs, closedMs })
      else if (startedMs === last.startedMs && closedMs > last.closedMs)
        this.#lives.set(sensor, { startedMs, closedMs })
    }
    this.#unobserved = this.#unobserved.slice(-INTERVALS_KEPT)
  }

  #laneOf(key: string): Lane {
    return entry(this.#lanes, key, () => new Lane())
  }

  #totalsOf(sensor: string): Totals {
    return entry(this.#totals, sensor, () => ({
      capturedFrames: 0,
      countedPackets: 0,
      rejectedFrames: new Map(),
      droppedFrames: 0,
      lostFrames: 0,
      gapFrames: 0,
      kernelDroppedPackets: 0
    }))
  }
}

interface Standing {
  readonly capturedFrames: number
  readonly gapFrames: number
}

function standingOf(lane: Lane | undefined): Standing {
  return { capturedFrames: lane?.capturedFrames ?? 0, gapFrames: lane?.gapFrames ?? 0 }
}

/** Frames of a batch: every one was counted or rejected. */
export function framesOf({ countedPackets, rejectedFrames }: FencedBatch): number {
  return rejectedFrames.reduce((sum, { frames }) => sum + frames, countedPackets)
}

/** The ends of epochs first: what was dropped at the end of one is measured by it. */
export function inDeclaredOrder(losses: readonly DeclaredLoss[]): DeclaredLoss[] {
  return [...losses].sort((a, b) => Number(b.kind === 'epoch-end') - Number(a.kind === 'epoch-end'))
}

/** The newest time at which one of the batches was closed. */
function newestClosedSeconds(batches: readonly FencedBatch[]): number {
  return batches.reduce((newest, { closedAtMs }) => Math.max(newest, secondsOf(closedAtMs)), 0)
}

/** One life of a sensor on a live interface, as far as a call's batches tell. */
export interface SensorLife {
  readonly sensor: string
  readonly startedMs: number
  readonly closedMs: number
}

/** The lives of sensors in batches, each once, the oldest first. */
export function livesOf(batches: readonly FencedBatch[]): SensorLife[] {
  const lives = new Map<string, SensorLife>()
  for (const { name, observedFromMs: startedMs, closedAtMs } of batches) {
    if (startedMs === null) continue
    const key = `${name.sensor}|${startedMs}`
    const closedMs = Math.max(closedAtMs, lives.get(key)?.closedMs ?? 0)
    lives.set(key, { sensor: name.sensor, startedMs, closedMs })
  }
  return [...lives.values()].sort((a, b) => a.startedMs - b.startedMs)
}

/** Whole seconds of a time in milliseconds. */
export function secondsOf(timeMs: number): number {
  return Math.floor(timeMs / 1000)
}

/** What is missing in a lane, by its key: closed numbers, and holes that are open. */
export function gapsOf(key: string, lane: Pick<Lane, 'closures' | 'holes'>): LaneGap[] {
  const { sensor, epoch, lane: number } = parseName(`${key}|1`) ?? { sensor: key, epoch: '', lane: 0 }
  const common = { sensor, epoch, lane: number }
  const closed = lane.closures.map(({ kind, from, to, frames, closedSeconds }) => {
    return {
      ...common,
      from,
      to,
      frames,
      state: kind,
      sinceSeconds: closedSeconds,
      untilSeconds: closedSeconds
    }
  })
  const open = lane.holes().map((hole) => ({ ...common, ...hole, state: 'open' as const }))
  return [...closed, ...open].sort((a, b) => a.from - b.from)
}

function sensorOf(key: string): string {
  return key.slice(0, key.indexOf('|'))
}

/** The first span that starts above what is stored: the store lost data. */
function behindSpan(stored: ReadonlyMap<string, number>, spans: readonly OffsetSpan[]): Refusal | null {
  for (const span of spans) {
    const storedOffset = stored.get(partitionKey(span)) ?? 0
    if (storedOffset < span.from) return { kind: 'behind', partition: span.partition, storedOffset }
  }
  return null
}

/** Moves offsets up to the ends of the spans, never down: a late retry must not take back what came after it. */
function moveOffsets(stored: Map<string, number>, spans: readonly OffsetSpan[]): void {
  for (const span of spans) {
    const key = partitionKey(span)
    if (span.to > (stored.get(key) ?? 0)) stored.set(key, span.to)
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
