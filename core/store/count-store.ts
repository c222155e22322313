// The port to the store of rolling counts. Redis and the in-memory store pass one and the same test suite.
import type { BatchName } from '../batch/name.ts'
import type { ExportedWindow } from '../counts/exported-window.ts'
import type { DeclaredLoss } from '../batch/raw-batch.ts'
import type { ClosureKind } from '../fence/lane.ts'
import type { WantedKinds } from '../windows/series.ts'
import type { Window, WindowSize } from '../windows/window.ts'
import type { StoreSettings } from './store-settings.ts'

/** A window as counted for one vantage. */
export interface VantageWindow extends Window {
  readonly vantage: string
}

/** Packets of one minute at one sensor, each once. */
export interface CountPart {
  readonly minuteSeconds: number
  readonly sensor: string
  readonly vantages: readonly string[]
  /** How many, 1..2^40. */
  readonly packets: number
  /** Of core/windows/count-table.ts. */
  readonly log: Uint8Array
}

/** Sources of series in a quarter of an hour, seen by sensors of the same vantages. */
export interface SourcePart {
  readonly quarterSeconds: number
  readonly vantages: readonly string[]
  /** Of core/sources/source-log.ts. */
  readonly log: Uint8Array
}

/**
 * A part of a partition: `from` is the offset of the first record, `to` the offset after the last. Empty where equal.
 */
export interface OffsetSpan {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** How far a partition is counted: up to the offset `to`, which is not. */
export type CountedUpTo = Omit<OffsetSpan, 'from'>

/**
 * What became of a window that was to be put: `there` where the store has counts of it, `not-kept` where it keeps none such
 * (past its retention, or a day of a zone that it does not count), `not-over` where the store may still count it: its end
 * is not past by countedBeforeSeconds.
 */
export type PutOutcome = 'kept' | 'there' | 'not-kept' | 'not-over'

/** One batch that a slot is asked to count. */
export interface FencedBatch {
  readonly name: BatchName
  readonly digest: string
  readonly countedPackets: number
  readonly rejectedFrames: readonly { readonly reason: string; readonly frames: number }[]
  /** Frames of its lane before it, 0..2^48; 0 also where the message could not be read. */
  readonly framesBefore: number
  /** The sensor's clock when it was closed, 0..2^45. */
  readonly closedAtMs: number
  /** Packets that the kernel dropped in its epoch until then, 0..2^48. */
  readonly kernelDrops: number
  /** What the sensor declares never to send, at most MAX_DECLARED_LOSSES. */
  readonly declaredLosses: readonly DeclaredLoss[]
  /** When its epoch began, where it comes from a live interface: what came between two epochs nobody observed. */
  readonly observedFromMs: number | null
  /** The newest packet time in it, in seconds, never past the append time; 0 where it has no packets. */
  readonly watermarkSeconds: number
}

/** All that one slot must change in one step. Every batch's sensor must belong to the slot. */
export interface SlotRequest {
  readonly slot: number
  readonly spans: readonly OffsetSpan[]
  readonly batches: readonly FencedBatch[]
  /**
   * Names that an earlier answer called seen and that are not asked for again. Where the store does not know one of them
   * any more, it lost it in between, and answers `behind`. `spans` must not be empty then.
   */
  readonly known: readonly BatchName[]
  readonly counts: readonly CountPart[]
  /** Adding a part again changes nothing. */
  readonly sources: readonly SourcePart[]
}

/**
 * How a batch was seen before: `same` with the same digest, or with one that is no longer kept (older than the lane's
 * newest 1,000); `other` with another digest, a name used twice; `closed` never, but its number was closed as dropped
 * or lost.
 */
export type SeenHow = 'same' | 'other' | 'closed'

/** What one slot did. Only 'applied' changed anything. */
export type SlotOutcome =
  | {
      readonly kind: 'applied'
      /** Packets of windows past their retention, by window size; each packet once a size (of days, those of UTC). */
      readonly expiredPackets: Readonly<Partial<Record<WindowSize, number>>>
    }
  /** These batches (indexes in the request) were counted before; add up again without them. */
  | {
      readonly kind: 'seen'
      readonly seen: readonly { readonly index: number; readonly how: SeenHow }[]
    }
  /** The store knows less than the caller: it lost data. Go back to `storedOffset` or lower. */
  | { readonly kind: 'behind'; readonly partition: number; readonly storedOffset: number }

/**
 * The ledger of one sensor. Captured = counted + rejected + dropped + lost + gaps, where every batch has come that the
 * lanes know of; all of them come from batches and declared losses, none is a remainder.
 */
export interface SensorTotals {
  readonly sensor: string
  /** Frames behind the last batch of each lane, or what the lane's end says. */
  readonly capturedFrames: number
  readonly countedPackets: number
  readonly rejectedFrames: Readonly<Record<string, number>>
  /** Frames that the sensor's spool dropped, and said so. */
  readonly droppedFrames: number
  /** Frames in holes that were closed because a lane had too many. */
  readonly lostFrames: number
  /** Frames in holes that may still be filled. */
  readonly gapFrames: number
  /**
   * Packets that the kernel dropped before the sensor could read them: beside the ledger, since nobody numbered them.
   */
  readonly kernelDroppedPackets: number
}

/** Batch numbers of a lane that did not come. */
export interface LaneGap {
  readonly sensor: string
  readonly epoch: string
  readonly lane: number
  readonly from: number
  readonly to: number
  readonly frames: number
  /** `open` may still be filled. */
  readonly state: 'open' | ClosureKind
  /** The sensor's clock at the batch before, and at the one behind (null: there is none yet). */
  readonly sinceSeconds: number
  readonly untilSeconds: number | null
}

/** No sensor process was listening: what came then nobody knows. */
export interface UnobservedInterval {
  readonly sensor: string
  readonly fromMs: number
  readonly toMs: number
}

/** Records that Kafka deleted before they were counted: offsets from..to, `to` exclusive. */
export interface LostRecords {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** What an operator is shown of what is not in the counts. */
export interface Ledger {
  readonly sensors: readonly SensorTotals[]
  readonly gaps: readonly LaneGap[]
  readonly unobserved: readonly UnobservedInterval[]
  readonly lostRecords: readonly LostRecords[]
}

/** What came too late for its window, by window size (see SlotOutcome for packets). */
export interface LateTotals {
  readonly expiredPackets: Readonly<Record<WindowSize, number>>
  /** Sources that came after their window was closed to a number; one that is sent again is counted again. */
  readonly lateSources: Readonly<Record<WindowSize, number>>
}

/** Memory of the server that is nearest to its limit. */
export interface StoreMemory {
  /** What counts against the limit. */
  readonly usedBytes: number
  /** Beyond it nothing is counted; where no limit is set, the machine's memory. */
  readonly maxBytes: number
}

/**
 * Where counts are kept. For an aggregator `start` makes the store, or writes what changed in what it keeps; for a
 * reader it writes nothing. `stop` is idempotent.
 */
export interface CountStore {
  /** Number of slots S, as stored, once started; a sensor's counts lie in slotOf(sensor, S). */
  readonly slots: number
  start(): Promise<void>
  stop(): Promise<void>

  // Writing, by the aggregator.
  /** The least next offset over all slots; 0 where nothing is stored. */
  nextOffset(topic: string, partition: number): Promise<number>
  /** The same of partitions 0..`partitions` - 1. */
  countedUpTo(topic: string, partitions: number): Promise<number[]>
  /**
   * Counts, names, offsets, watermarks and totals of one slot in one atomic step. `spans` has each partition at most
   * once. Throws RangeError for a malformed request. After any error the whole flush is to be tried again.
   */
  applySlot(request: SlotRequest): Promise<SlotOutcome>
  /**
   * The log starts at `toOffset`: raises every slot to it where it is lower, never down, and enters
   * the records between in the ledger as lost. Slots are moved one by one; after an error it is to be called again.
   * Idempotent. Throws RangeError for a negative offset.
   */
  trim(topic: string, partition: number, toOffset: number): Promise<void>

  // Housekeeping, by the aggregator. Safe to be run by several at once, and again after an error.
  /**
   * Puts what was counted in minutes, and the sources of quarters, that ended before `pastSeconds`, to their windows. It
   * changes no answer, only what answers cost; what comes later for such a minute waits for the next time.
   */
  roll(pastSeconds: number): Promise<void>
  /**
   * Turns the sources of windows that ended 2 hours (hour) or 2 days (day) before the watermark into numbers: what comes
   * for them later is counted as late. Does nothing while any slot has counted less than `counted` says, since what it
   * has yet to count would be missing; never in a run.
   */
  closeSources(watermarkSeconds: number, counted: readonly CountedUpTo[]): Promise<void>
  /**
   * In hours that ended 6 hours before the watermark, keeps only the two busiest sensors of each series, and what every sensor
   * counted in all.
   */
  trimSensorHours(watermarkSeconds: number): Promise<void>

  /**
   * Puts a window that was counted elsewhere where this store has nothing for it and its vantage: all of it, or nothing.
   * Hours and days; never in a run.
   */
  putWindow(window: ExportedWindow): Promise<PutOutcome>

  // Reading, by anyone.
  /** What the store keeps, as stored now. Throws SP_STORE_EMPTY where no aggregator made it yet. */
  settings(): Promise<StoreSettings>
  /** The clock that windows expire by, in whole seconds. */
  nowSeconds(): Promise<number>
  /** Windows that hold counts, in order of start. */
  windows(size: Window['size'], zone: string, vantage: string): Promise<number[]>
  /** Vantages that hold counts, sorted. */
  vantages(): Promise<string[]>
  /**
   * Packets by series: 'all', or 'port=23/TCP', 'region=JP', 'asn=4766', 'tag=mirai', or a dimension within a tag:
   * 'port=23/TCP,tag=mirai', 'region=JP,tag=mirai'; of some kinds where those are named, which is quicker.
   */
  packets(window: VantageWindow, isWanted?: WantedKinds): Promise<Map<string, number>>
  /**
   * Unique sources of these series, as HyperLogLogs estimate them (standard error 0.81 %; few are exact); 0 where
   * unknown. Not kept for minutes.
   */
  sources(window: VantageWindow, series: readonly string[]): Promise<Map<string, number>>
  /** Packets by (sensor, series) in one hour. */
  sensorPackets(startSeconds: number): Promise<Map<string, Map<string, number>>>
  /** Sensors that counted a packet in one hour, sorted; cheaper than their packets. */
  sensorsAt(startSeconds: number): Promise<string[]>
  /**
   * Hours that start at or before this may have lost sensors to trimSensorHours: the latest that it was ever told to
   * trim, however far the watermark has fallen since. Null where it was never run.
   */
  trimmedUpToSeconds(): Promise<number | null>
  /** Every sensor's totals, in order of their names; cheaper than all of the ledger. */
  sensorTotals(): Promise<SensorTotals[]>
  /** Every sensor's totals, and what they are made of, each list in order of sensor and time. */
  ledger(): Promise<Ledger>
  lateTotals(): Promise<LateTotals>
  /** The least watermark, in seconds, over the sensors that counted anything and are not retired; 0 where none did. */
  watermarkSeconds(): Promise<number>
  /**
   * The newest packet time of each sensor that counted a packet, in seconds; of a sensor on a live interface that sends
   * empty batches, when the newest of them was closed.
   */
  sensorWatermarks(): Promise<Map<string, number>>
  /** Null where there is no limit, or the server does not tell. */
  memory(): Promise<StoreMemory | null>
  /** Deletes all that this store's namespace holds (for runs). */
  clear(): Promise<void>
}
