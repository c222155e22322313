// Plays captures into a run's topics, and waits until all of it is counted.
import type { CaptureFile } from '../../adapters/capture-files.ts'
import type { BatchLimits } from '../../core/batch/batcher.ts'
import { runPartition } from '../../core/batch/partition.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { Bus } from '../../core/bus.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { isBatchRejectReason } from '../../core/packets/reject-reason.ts'
import type { CountStore } from '../../core/store/count-store.ts'
import type { PlayFailure } from '../embedded/play-files.ts'
import type { Life } from '../life.ts'
import { batchFile } from '../sensor/file-batches.ts'
import { pendingRecords } from './completeness.ts'

/** A capture, and the sensor that it is of. */
export interface SensorCapture {
  readonly sensor: string
  readonly file: CaptureFile
}

/** Where captures are played to. */
export interface ReplayOptions {
  readonly bus: Bus
  readonly store: CountStore
  /** The taggers' consumer group: what it has committed shows how far they are. */
  readonly taggerGroup: string
  readonly limits: BatchLimits
  /** Calls `check` again after this long while it waits. */
  readonly pollMs: number
  /** Told of every batch that is published: the capture's name, and its packets and refused frames. */
  readonly onBatch: (file: string, frames: number) => void
}

/** What was published of all files so far, and which of them were not read to their end. */
export interface ReplayTotals {
  readonly packets: number
  readonly refusedFrames: number
  readonly failures: readonly PlayFailure[]
}

/** What a run holds, of all that was ever played into it. */
export interface StoredTotals {
  readonly countedPackets: number
  /** Frames that were rejected for what they are. */
  readonly rejectedFrames: number
  /** Frames that were lost since their whole batch was rejected, by reason; empty where all is well. */
  readonly lostFrames: Readonly<Record<string, number>>
}

/** What was played, and what the run then holds; null where the process was told to stop before all was counted. */
export interface ReplayResult {
  readonly played: ReplayTotals
  readonly stored: StoredTotals | null
}

/** So much waits at most while a request is under way. */
const GATHERED_BYTES = 512 * 1024

/** Publishes captures; its totals can be read at any time. */
class FileReplay implements ReplayTotals {
  readonly #options: ReplayOptions
  readonly failures: PlayFailure[] = []
  packets = 0
  refusedFrames = 0

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  /**
   * Publishes every file's batches; once `signal` is aborted no more are. The same file gives the same names, so that
   * playing it twice counts it once.
   */
  async play(files: readonly SensorCapture[], signal: AbortSignal): Promise<void> {
    const { bus, limits } = this.#options
    const partitions = Math.min(await bus.partitions('packets.raw'), await bus.partitions('packets.enriched'))
    const run = { epoch: null, epochStartedMs: 0, lane: 0, limits, withDigest: true, nowMs: null }
    for (const { sensor, file } of files) {
      if (signal.aborted) return
      try {
        const publishing = new GatheredBatches(async (batches) => {
          await bus.publish('packets.raw', runPartition(batches[0]!.name, partitions), batches)
          for (const batch of batches) this.#note(file.name, batch)
        })
        try {
          await batchFile(file, { ...run, sensor, signal }, (batch) => publishing.add(batch))
        } finally {
          await publishing.finish()
        }
      } catch (error) {
        if (!(error instanceof StormpetrelError) || error.code === 'SP_KAFKA') throw error
        this.failures.push({ file: file.name, error })
      }
    }
  }

  #note(file: string, { packets, refused }: RawBatch): void {
    this.packets += packets
    this.refusedFrames += refused.length
    this.#options.onBatch(file, packets + refused.length)
  }
}

/** Sends a file's batches in order, those together that come while others are under way: an answer of Kafka takes milliseconds. */
class GatheredBatches {
  readonly #send: (batches: readonly RawBatch[]) => Promise<void>
  #waiting: RawBatch[] = []
  #waitingBytes = 0
  #underWay: Promise<void> = Promise.resolve()
  #isSending = false
  #hasFailed = false

  constructor(send: (batches: readonly RawBatch[]) => Promise<void>) {
    this.#send = send
  }

  /** Resolves when there is room for the next one; rejects where one before it could not be sent. */
  async add(batch: RawBatch): Promise<void> {
    // Nothing overtakes what was not sent.
    if (this.#hasFailed) await this.#underWay
    this.#waiting.push(batch)
    this.#waitingBytes += batch.capture.length
    if (!this.#isSending) this.#sendWaiting()
    if (this.#waitingBytes >= GATHERED_BYTES) await this.#underWay
  }

  /** Resolves when all is sent. */
  async finish(): Promise<void> {
    while (this.#isSending) await this.#underWay
    await this.#underWay
  }

  #sendWaiting(): void {
    const batches = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#isSending = true
    this.#underWay = this.#send(batches).then(() => {
      this.#isSending = false
      if (this.#waiting.length > 0) this.#sendWaiting()
    })
    // Whoever waits next hears of it.
    this.#underWay.catch(() => {
      this.#hasFailed = true
      this.#isSending = false
    })
  }
}

/**
 * Resolves when all is counted, or when `life` ends; rejects when it fails, also while a batch cannot be published.
 * What was begun then comes to its own end, and nobody hears of it.
 */
export async function playUntilCounted(
  files: readonly SensorCapture[],
  options: ReplayOptions,
  life: Life
): Promise<ReplayResult> {
  const played = new FileReplay(options)
  const stop = new AbortController()
  let isCounted = false
  const work = async (): Promise<void> => {
    await played.play(files, stop.signal)
    isCounted = await waitUntilCounted(options, stop.signal)
  }
  work().then(life.end, life.fail)
  try {
    await life.untilEnd()
  } finally {
    stop.abort()
  }
  return { played, stored: isCounted ? await storedTotals(options.store) : null }
}

/** True when all that is on the run's topics now is tagged and counted; false where it was stopped before. */
async function waitUntilCounted(options: ReplayOptions, signal: AbortSignal): Promise<boolean> {
  while (!(await isCounted(options))) {
    if (signal.aborted) return false
    await new Promise((resolve) => setTimeout(resolve, options.pollMs))
  }
  return true
}

async function isCounted({ bus, store, taggerGroup }: ReplayOptions): Promise<boolean> {
  const { untagged, uncounted } = await pendingRecords(bus, store, taggerGroup)
  return untagged === 0 && uncounted === 0
}

/** What the run's store holds now. */
async function storedTotals(store: CountStore): Promise<StoredTotals> {
  const lostFrames: Record<string, number> = {}
  let countedPackets = 0
  let rejectedFrames = 0
  for (const totals of await store.sensorTotals()) {
    countedPackets += totals.countedPackets
    for (const [reason, frames] of Object.entries(totals.rejectedFrames)) {
      if (isBatchRejectReason(reason)) lostFrames[reason] = (lostFrames[reason] ?? 0) + frames
      else rejectedFrames += frames
    }
  }
  return { countedPackets, rejectedFrames, lostFrames }
}
