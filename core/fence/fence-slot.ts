// One slot of the fence: which batches were counted, up to which offset. It says what adapters/redis/apply-slot.lua
// does, in TypeScript: the in-memory store runs on it, and the script is tested against it.
import { type BatchName, laneKey } from '../batch/name.ts'
import type { FencedBatch, OffsetSpan, SensorTotals, SlotOutcome } from '../store/count-store.ts'
import { addNumber, formatRanges, hasNumber, type Ranges } from './ranges.ts'
import { partitionKey } from './slot-request.ts'

/** Digests are kept in a ring of this many numbers a lane: the newest of each residue, so at least the newest 1,000. */
export const DIGESTS_KEPT = 1000

type Refusal = Exclude<SlotOutcome, { kind: 'applied' }>

interface Lane {
  ranges: Ranges
  readonly digests: Map<number, { readonly number: number; readonly digest: string }>
}

interface Totals {
  countedPackets: number
  readonly rejectedFrames: Map<string, number>
}

/** Names, digests, offsets, watermarks and totals of one slot. `check` changes nothing; `commit` follows a check that passed. */
export class FenceSlot {
  readonly #offsets = new Map<string, number>()
  readonly #lanes = new Map<string, Lane>()
  readonly #watermarks = new Map<string, number>()
  readonly #totals = new Map<string, Totals>()

  /** Why these batches must not be counted now, or null. An offset that is behind is told before names are looked at. */
  check(spans: readonly OffsetSpan[], batches: readonly FencedBatch[]): Refusal | null {
    return behindSpan(this.#offsets, spans) ?? this.#seenBatches(batches)
  }

  /** Enters the batches as counted and moves the offsets up, never down. */
  commit(spans: readonly OffsetSpan[], batches: readonly FencedBatch[]): void {
    moveOffsets(this.#offsets, spans)
    for (const batch of batches) {
      this.#enter(batch)
      this.#addTotals(batch)
    }
  }

  /** Next offset of a partition, 0 where nothing is stored. */
  offset(topic: string, partition: number): number {
    return this.#offsets.get(partitionKey({ topic, partition })) ?? 0
  }

  /** The seen numbers of a lane as text; empty where nothing was seen. */
  seenNumbers(name: Omit<BatchName, 'number'>): string {
    return formatRanges(this.#lanes.get(laneKey({ ...name, number: 0 }))?.ranges ?? [])
  }

  /** Newest packet time by sensor, in seconds, of sensors that counted a packet. */
  watermarks(): ReadonlyMap<string, number> {
    return this.#watermarks
  }

  totals(): SensorTotals[] {
    return [...this.#totals].map(([sensor, { countedPackets, rejectedFrames }]) => {
      return { sensor, countedPackets, rejectedFrames: Object.fromEntries(rejectedFrames) }
    })
  }

  #seenBatches(batches: readonly FencedBatch[]): Refusal | null {
    const inCall = new Map<string, string>()
    const seen: { index: number; sameDigest: boolean }[] = []
    for (const [index, { name, digest }] of batches.entries()) {
      const key = `${laneKey(name)}|${name.number}`
      const earlier = this.#digestOfSeen(name) ?? inCall.get(key)
      if (earlier !== undefined) seen.push({ index, sameDigest: earlier === '' || earlier === digest })
      else inCall.set(key, digest)
    }
    return seen.length === 0 ? null : { kind: 'seen', seen }
  }

  /** Digest of a number that was counted, '' where it is too old to be kept, undefined where it was not counted. */
  #digestOfSeen(name: BatchName): string | undefined {
    const lane = this.#lanes.get(laneKey(name))
    if (lane === undefined || !hasNumber(lane.ranges, name.number)) return undefined
    const kept = lane.digests.get(name.number % DIGESTS_KEPT)
    return kept?.number === name.number ? kept.digest : ''
  }

  #enter({ name, digest, watermarkSeconds }: FencedBatch): void {
    const lane = entry(this.#lanes, laneKey(name), () => ({ ranges: [], digests: new Map() }))
    lane.ranges = addNumber(lane.ranges, name.number)
    const residue = name.number % DIGESTS_KEPT
    if ((lane.digests.get(residue)?.number ?? 0) < name.number) {
      lane.digests.set(residue, { number: name.number, digest })
    }
    if (watermarkSeconds > (this.#watermarks.get(name.sensor) ?? 0)) {
      this.#watermarks.set(name.sensor, watermarkSeconds)
    }
  }

  #addTotals({ name, countedPackets, rejectedFrames }: FencedBatch): void {
    const totals = entry(this.#totals, name.sensor, () => ({ countedPackets: 0, rejectedFrames: new Map() }))
    totals.countedPackets += countedPackets
    for (const { reason, frames } of rejectedFrames) {
      totals.rejectedFrames.set(reason, (totals.rejectedFrames.get(reason) ?? 0) + frames)
    }
  }
}

/** The first span that starts above what is stored: the store lost data. The sources column is held by the same rule. */
export function behindSpan(
  stored: ReadonlyMap<string, number>,
  spans: readonly OffsetSpan[]
): Refusal | null {
  for (const span of spans) {
    const storedOffset = stored.get(partitionKey(span)) ?? 0
    if (storedOffset < span.from) return { kind: 'behind', partition: span.partition, storedOffset }
  }
  return null
}

/** Moves offsets up to the ends of the spans, never down: a late retry must not take back what came after it. */
export function moveOffsets(stored: Map<string, number>, spans: readonly OffsetSpan[]): void {
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
