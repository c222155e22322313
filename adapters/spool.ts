// The sensor's spool: what a batch goes through before anybody else hears of it. A batch, its name and the position of
// the input after it are one record, and safe when `append` has resolved; see core/spool for what is kept how long.
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DeclaredLoss, RawBatch } from '../core/batch/raw-batch.ts'
import type { FileIdentity, FilePosition } from '../core/spool/input-position.ts'
import { SpoolBook } from '../core/spool/spool-book.ts'
import type { BatchEntry, DropReason, Span, SpoolRecord } from '../core/spool/spool-records.ts'
import type { Log } from './log.ts'
import { lockFolder } from './spool/folder-lock.ts'
import { encodeRecord } from './spool/record-codec.ts'
import { RecordMemory } from './spool/record-memory.ts'
import { type Damage, recoverSpool } from './spool/recovery.ts'
import { noteBatch, spoolError, syncFolder } from './spool/segment.ts'
import { SegmentList } from './spool/segment-list.ts'
import { SegmentWriter } from './spool/segment-writer.ts'
import { SpoolCounters } from './spool/spool-counters.ts'
import { findDrops } from './spool/find-drops.ts'
import { SpoolReader, type WaitingBatch } from './spool/spool-reader.ts'
import { ValueCodecs } from './spool/value-codecs.ts'

/** What is dropped when the spool is full: what waits longest, or what comes. */
export type SpoolFull = 'drop-oldest' | 'drop-newest'

/** Where a spool lies, whose it is, and what it may hold. */
export interface SpoolOptions {
  /** The folder of this sensor alone. */
  readonly folder: string
  readonly sensor: string
  readonly sizeLimitBytes: number
  readonly ageLimitMs: number
  readonly full: SpoolFull
  readonly nowMs: () => number
  readonly log: Log
  /** Called once where the disk fails: nothing more is taken, and the process must exit. */
  readonly onFailure: (error: Error) => void
}

/** What is handed to the sender at once: one request to the brokers. */
const MAX_HANDED_BYTES = 850 * 1024
const MAX_HANDED_BATCHES = 256
const AGE_CHECK_INTERVAL_MS = 30_000
const IMPATIENCE_CHECK_MS = 500
/** A batch with its record, at most: 384 KiB of headers, frame numbers, losses. */
const LARGEST_BATCH_BYTES = 448 * 1024

/**
 * One process's spool. `start` takes the folder for this process alone and begins an epoch; batches are given to the
 * sender in the order in which they were appended, those of earlier epochs first.
 */
export class Spool {
  readonly counters = new SpoolCounters()
  readonly #options: SpoolOptions
  readonly #codecs = new ValueCodecs()
  readonly #memory = new RecordMemory()
  readonly #writer: SegmentWriter
  readonly #reader: SpoolReader
  readonly #segments: SegmentList
  #book: SpoolBook
  #lock: FileHandle | null = null
  /** When the first batch that the sender has was spooled. */
  #handedSinceMs: number | null = null
  #shrinking: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #isStopped = false
  #areDropsHeld: () => boolean = () => false
  readonly #waiting = new Set<() => void>()

  constructor(options: SpoolOptions) {
    this.#options = options
    this.#book = new SpoolBook(options.sensor)
    const { folder, sizeLimitBytes, ageLimitMs, nowMs } = options
    const isAnyWaiting = (sequences: Span): boolean => this.#book.isAnyWaiting(sequences)
    this.#segments = new SegmentList({ folder, sizeLimitBytes, ageLimitMs, nowMs, isAnyWaiting })
    this.#reader = new SpoolReader({
      folder,
      segments: () => this.#segments.all,
      isWaiting: (sequence) => this.#book.isWaiting(sequence),
      codecs: this.#codecs
    })
    this.#writer = new SegmentWriter(
      folder,
      this.#memory,
      () => this.#wake(),
      (error) => {
        this.#wake()
        options.onFailure(error)
      }
    )
  }

  /** Throws SP_SPOOL_LOCKED where another process has it, and SP_SPOOL where the disk refuses it. */
  async start(): Promise<void> {
    const { folder, sensor, log } = this.#options
    try {
      await makeFolder(folder)
      this.#lock = await lockFolder(folder)
      const { book, segments, cutBytes, damages } = await recoverSpool(folder, sensor)
      this.#book = book
      this.#segments.load(segments)
      if (cutBytes > 0) {
        this.counters.cutBytes += cutBytes
        log('warn', 'spool had a torn end, which was cut off', { folder, bytes: cutBytes })
      }
      for (const damage of damages) this.#tellDamage(damage)
      await this.#beginEpoch()
    } catch (error) {
      await this.stop()
      throw spoolError(folder, 'opened', error)
    }
    this.#timer = setInterval(() => void this.#shrink(), AGE_CHECK_INTERVAL_MS)
    this.#timer.unref()
    await this.#shrink()
  }

  /** Makes what was appended durable, and gives the folder up. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#wake()
    await this.#shrinking
    await this.#reader.close()
    await this.#writer.close()
    await this.#segments.swept()
    await this.#lock?.close()
    this.#lock = null
  }

  /** 128 random bits, hex: of this start alone. */
  get epoch(): string {
    return this.#book.epoch
  }

  /** Later than the start of every earlier epoch, whatever the clock says. */
  get epochStartedMs(): number {
    return this.#book.epochStartedMs
  }

  /** Beyond it, batches are dropped. */
  get sizeLimitBytes(): number {
    return this.#options.sizeLimitBytes
  }

  get waitingBatches(): number {
    return this.#book.waitingBatches
  }

  /** Bytes of all segments. */
  get sizeBytes(): number {
    return this.#segments.sizeBytes
  }

  /** When the batch that waits longest was spooled, null where none waits. */
  get oldestWaitingMs(): number | null {
    if (this.waitingBatches === 0) return null
    return this.#handedSinceMs ?? this.#segments.oldestWaitingMs
  }

  /** The file that was not read to its end when the newest batch was made. */
  get currentFile(): FilePosition | null {
    return this.#book.current
  }

  /** How far a file was read, null where nothing is known of it. */
  positionOf(file: Pick<FileIdentity, 'name' | 'inode'>): FilePosition | null {
    return this.#book.positionOf(file)
  }

  /** Whether there is something to declare and a batch could carry it now. */
  get hasLossesToDeclare(): boolean {
    return this.#book.nextLosses(this.#areDropsHeld()).length > 0
  }

  /**
   * What the next batch must declare; append it before this is asked again. Dropped ranges are held back while `isAway`
   * (see holdDropsWhile), so that they join to few.
   */
  nextLosses(): readonly DeclaredLoss[] {
    return this.#book.nextLosses(this.#areDropsHeld())
  }

  /** While nobody takes batches, each that is added may drop another one: those are declared when somebody does. */
  holdDropsWhile(isAway: () => boolean): void {
    this.#areDropsHeld = isAway
  }

  /**
   * Takes a batch, whose memory may be used again at once. Resolves when it, its name and the position after it outlive
   * a power cut, or when it was dropped because the spool is full, and that does. Batches of a lane come in their
   * order.
   */
  async append(batch: RawBatch, position: FilePosition | null): Promise<void> {
    const { sizeLimitBytes, full, nowMs } = this.#options
    const value = this.#codecs.encode(batch)
    if (full === 'drop-newest' && this.#segments.heldBytes + value.length > sizeLimitBytes) {
      return await this.#dropUnwritten(batch, position)
    }
    if (this.#segments.isNewestFull(value.length)) this.#segments.sweepAfter(this.#roll()).catch(this.#fail)
    const { lane, number, epoch } = batch.name
    const entry: BatchEntry = {
      sequence: this.#book.nextSequence,
      epoch,
      lane,
      number,
      frames: batch.packets + batch.refused.length,
      framesBefore: batch.framesBefore,
      spooledAtMs: nowMs(),
      partition: this.#book.partitions().get(lane) ?? null,
      losses: batch.declaredLosses,
      position
    }
    noteBatch(this.#segments.newest, entry.sequence, entry.spooledAtMs)
    await this.#record({ kind: 'batch', entry }, true, value)
    if (this.sizeBytes > sizeLimitBytes) await this.#shrink()
  }

  /** Notes a position that no batch carries: it is safe with the next batch, and found again without it. */
  move(position: FilePosition): void {
    this.#recordLater({ kind: 'position', position })
  }

  /** Files that are gone need not be known any more. */
  forget(isGone: (position: FilePosition) => boolean): void {
    this.#book.forget(isGone)
  }

  /** Resolves when there is room for a batch; where `isImpatient` says so, room is made as the spool is to make it. */
  async untilRoom(isImpatient: () => boolean): Promise<void> {
    const isFull = () => this.sizeBytes + LARGEST_BATCH_BYTES > this.#options.sizeLimitBytes
    while (isFull() && this.waitingBatches > 0 && !this.#isStopped && !isImpatient()) {
      const timer = setTimeout(() => this.#wake(), IMPATIENCE_CHECK_MS)
      await this.#change()
      clearTimeout(timer)
    }
    if (this.sizeBytes > this.#options.sizeLimitBytes) await this.#shrink()
  }

  /** Resolves when every batch is acknowledged or dropped, or after so long. */
  async untilEmpty(forMs = Number.POSITIVE_INFINITY): Promise<void> {
    const untilMs = performance.now() + forMs
    const timer = Number.isFinite(forMs) ? setTimeout(() => this.#wake(), forMs + 1) : undefined
    while (this.waitingBatches > 0 && !this.#isStopped && performance.now() < untilMs) await this.#change()
    clearTimeout(timer)
  }

  /**
   * The next batches of one partition, in order, as many as make one request; waits for one. Empty once the spool is
   * stopped or the signal ends it. They stay with the sender until `acknowledge` or `refuse`.
   */
  async next(signal?: AbortSignal): Promise<readonly WaitingBatch[]> {
    const wake = (): void => this.#wake()
    signal?.addEventListener('abort', wake)
    try {
      const batches = await this.#takeNext(() => this.#isStopped || signal?.aborted === true)
      if (batches.length > 0) this.#recordLater({ kind: 'handed', through: this.#book.handedThrough })
      return batches
    } finally {
      signal?.removeEventListener('abort', wake)
    }
  }

  async #takeNext(isEnded: () => boolean): Promise<readonly WaitingBatch[]> {
    const batches: WaitingBatch[] = []
    let sizeBytes = 0
    while (!isEnded()) {
      const ahead = await this.#reader.peek()
      if (ahead === null) {
        if (batches.length > 0 || isEnded()) break
        await this.#change()
        continue
      }
      const isOther = batches.length > 0 && batches[0]!.batch.name.lane !== ahead.batch.name.lane
      if (isOther || (batches.length > 0 && sizeBytes + ahead.sizeBytes > MAX_HANDED_BYTES)) break
      if (batches.length === MAX_HANDED_BATCHES) break
      if (this.#isOld(ahead.spooledAtMs)) await this.#shrink()
      this.#reader.take()
      if (!this.#book.isWaiting(ahead.sequence)) continue
      // From now on it is not dropped any more.
      this.#book.apply({ kind: 'handed', through: ahead.sequence })
      batches.push(ahead)
      sizeBytes += ahead.sizeBytes
      this.#handedSinceMs ??= ahead.spooledAtMs
    }
    return batches
  }

  /** The partition of a lane, for life: resolves when it is safe, and only then may the lane be sent. */
  async fixPartition(lane: number, partition: number): Promise<void> {
    await this.#record({ kind: 'partition', lane, partition }, true)
  }

  /** The partition of each lane that has one. */
  partitions(): ReadonlyMap<number, number> {
    return this.#book.partitions()
  }

  /** Somebody else now has everything up to this sequence. A lost note of it only sends it again. */
  acknowledge(through: number): void {
    this.#handedSinceMs = null
    const record = { kind: 'done' as const, through }
    const isSegmentDone = this.#segments.isAnyDoneWith(through)
    // The note outlives a power cut before what it is about is deleted.
    if (isSegmentDone && !this.#isStopped)
      this.#segments.sweepAfter(this.#record(record, true)).catch(this.#fail)
    else this.#recordLater(record)
    this.#wake()
  }

  /** The brokers will never take this batch, the first of those that were handed over: a declared gap. */
  async refuse({ sequence, batch }: WaitingBatch): Promise<void> {
    this.#handedSinceMs = null
    await this.#drop('refused', [sequence, sequence], [lossOf(batch)], 1)
  }

  #tellDamage({ path, badAt, losses, sequences: [from, to] }: Damage): void {
    const frames = framesOf(losses)
    this.counters.damagedSegments += 1
    this.counters.drop('damaged', to - from + 1, frames)
    const where = badAt === null ? { before: path } : { path: badAt.path, offset: badAt.offset }
    this.#options.log('error', 'spool segment is damaged or gone, its batches are declared lost', {
      ...where,
      batches: to - from + 1,
      frames
    })
  }

  async #beginEpoch(): Promise<void> {
    const startedMs = Math.max(this.#options.nowMs(), this.#book.epochStartedMs + 1)
    this.#book.beginEpoch(randomBytes(16).toString('hex'), startedMs)
    await this.#segments.sweepAfter(this.#roll())
  }

  /** Begins a segment, with everything in it that must outlive those before it. */
  #roll(): Promise<void> {
    const segment = this.#segments.add(this.#codecs.schema)
    const state: SpoolRecord = { kind: 'state', state: this.#book.state(segment.schema) }
    const begun = this.#writer.begin(segment, encodeRecord(segment.number, state))
    // Whoever waits for a record of the segment sees its failure.
    begun.catch(() => undefined)
    return begun
  }

  #record(record: SpoolRecord, isSynced: boolean, value?: Uint8Array): Promise<void> {
    this.#book.apply(record)
    return this.#writer.write(
      this.#segments.newest,
      encodeRecord(this.#segments.newest.number, record, value, this.#memory),
      isSynced
    )
  }

  /** A record that nobody waits for; where it cannot be written, the writer has told so. */
  #recordLater(record: SpoolRecord): void {
    if (this.#isStopped) return
    this.#record(record, false).catch(() => undefined)
  }

  /** A batch that comes while the spool is full: its number is spent, and its frames are declared. */
  async #dropUnwritten(batch: RawBatch, position: FilePosition | null): Promise<void> {
    const loss = lossOf(batch)
    const { lane, from: number, frames } = loss
    this.#countDrop('full', 1, frames)
    if (this.#segments.isNewestFull(0)) this.#segments.sweepAfter(this.#roll()).catch(this.#fail)
    const unwritten = { end: { lane, number, frames: batch.framesBefore + frames }, position }
    const losses = this.#book.lossesAfterDrop(null, [loss])
    const drop = { reason: 'full' as const, sequences: null, unwritten, losses }
    await this.#segments.sweepAfter(this.#record({ kind: 'drop', drop }, true))
  }

  readonly #fail = (error: unknown): void => {
    if (!this.#isStopped) this.#options.onFailure(spoolError(this.#options.folder, 'shrunk', error))
  }

  /** Drops what is too old, and the oldest segments while the spool is over its size. One at a time. */
  #shrink(): Promise<void> {
    this.#shrinking ??= this.#shrinkNow()
      .catch(this.#fail)
      .finally(() => {
        this.#shrinking = null
      })
    return this.#shrinking
  }

  async #shrinkNow(): Promise<void> {
    const { sizeLimitBytes, full } = this.#options
    // A drop takes segments away.
    const segments = this.#segments.all.slice()
    for (const segment of segments) {
      const isOver =
        full === 'drop-oldest' && this.sizeBytes > sizeLimitBytes && segment !== this.#segments.newest
      if (this.#isStopped || !(isOver || this.#isOld(segment.oldestMs))) return
      if (!this.#segments.hasWaiting(segment)) continue
      await this.#writer.idle()
      const found = await findDrops(segment, (sequence) => this.#book.isWaiting(sequence))
      // What the brokers may have already is not declared as dropped.
      const free = found.filter(({ sequence }) => sequence > this.#book.handedThrough)
      const drops = free.filter(({ spooledAtMs }) => isOver || this.#isOld(spooledAtMs))
      if (drops.length === 0) continue
      const span: Span = [drops[0]!.sequence, drops.at(-1)!.sequence]
      const reason = this.#isOld(segment.newestMs) || !isOver ? 'age' : 'full'
      const losses = drops.map(({ loss }) => loss)
      await this.#drop(reason, span, losses, drops.length)
    }
  }

  #isOld(spooledAtMs: number): boolean {
    return spooledAtMs > 0 && spooledAtMs < this.#options.nowMs() - this.#options.ageLimitMs
  }

  async #drop(
    reason: DropReason,
    sequences: Span,
    losses: readonly DeclaredLoss[],
    batches: number
  ): Promise<void> {
    this.#countDrop(reason, batches, framesOf(losses))
    const all = this.#book.lossesAfterDrop(sequences, losses)
    const drop = { reason, sequences, unwritten: null, losses: all }
    await this.#segments.sweepAfter(this.#record({ kind: 'drop', drop }, true))
    this.#wake()
  }

  #countDrop(reason: DropReason, batches: number, frames: number): void {
    this.counters.drop(reason, batches, frames)
    const { sensor, log } = this.#options
    log('warn', 'spool drops batches', { sensor, reason, batches, frames })
  }

  /** Resolves at the next change of what is durable, done or stopped. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
    })
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** A batch as a loss that is to be declared. */
function lossOf({ name: { epoch, lane, number }, packets, refused }: RawBatch): DeclaredLoss {
  return { epoch, lane, from: number, to: number, frames: packets + refused.length, kind: 'spool-drop' }
}

function framesOf(losses: readonly DeclaredLoss[]): number {
  return losses.reduce((sum, { kind, frames }) => sum + (kind === 'spool-drop' ? frames : 0), 0)
}

/** Makes the folder and what it lies in, so that a power cut does not take it away. */
async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true })
  if (made === undefined) return
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(dirname(at))
    if (at === made || at === dirname(at)) return
  }
}
