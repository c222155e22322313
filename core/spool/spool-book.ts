// What the spool knows beside the batches' bytes: a pure account of its records, in their order. The same calls are
// made when a record is written and when it is read again, so that both end with the same.
import { type DeclaredLoss, MAX_DECLARED_LOSSES } from '../batch/raw-batch.ts'
import { type FileIdentity, type FilePosition, fileKey } from './input-position.ts'
import { withLoss, withoutLosses } from './loss-list.ts'
import type { BatchEntry, DropEntry, LaneEnd, Span, SpoolRecord, SpoolState } from './spool-records.ts'

/** The account of one spool. */
export class SpoolBook {
  readonly #sensor: string
  #epoch = ''
  #epochStartedMs = 0
  #laneEnds = new Map<number, LaneEnd>()
  #partitions = new Map<number, number>()
  #nextSequence = 1
  #doneThrough = 0
  #dropped: Span[] = []
  #handedThrough = 0
  #losses: readonly DeclaredLoss[] = []
  /** Losses by the sequence of the waiting batch that carries them. */
  readonly #carried = new Map<number, readonly DeclaredLoss[]>()
  #current: FilePosition | null = null
  #finished = new Map<string, FilePosition>()

  constructor(sensor: string) {
    this.#sensor = sensor
  }

  get epoch(): string {
    return this.#epoch
  }

  get epochStartedMs(): number {
    return this.#epochStartedMs
  }

  get nextSequence(): number {
    return this.#nextSequence
  }

  get doneThrough(): number {
    return this.#doneThrough
  }

  get handedThrough(): number {
    return this.#handedThrough
  }

  get losses(): readonly DeclaredLoss[] {
    return this.#losses
  }

  /** Batches that are neither acknowledged nor dropped. */
  get waitingBatches(): number {
    const dropped = this.#dropped.reduce((sum, [from, to]) => sum + to - from + 1, 0)
    return this.#nextSequence - 1 - this.#doneThrough - dropped
  }

  get current(): FilePosition | null {
    return this.#current
  }

  get finished(): readonly FilePosition[] {
    return [...this.#finished.values()]
  }

  /** How far a file was read, null where nothing is known of it. */
  positionOf(file: Pick<FileIdentity, 'name' | 'inode'>): FilePosition | null {
    const key = fileKey(file)
    if (this.#current !== null && fileKey(this.#current.file) === key) return this.#current
    return this.#finished.get(key) ?? null
  }

  get laneEnds(): readonly LaneEnd[] {
    return [...this.#laneEnds.values()]
  }

  partitions(): ReadonlyMap<number, number> {
    return this.#partitions
  }

  /** Whether a batch is neither acknowledged nor dropped. */
  isWaiting(sequence: number): boolean {
    return (
      sequence > this.#doneThrough && !this.#dropped.some(([from, to]) => from <= sequence && sequence <= to)
    )
  }

  /** Whether any batch of these is. */
  isAnyWaiting([first, last]: Span): boolean {
    for (let at = Math.max(first, this.#doneThrough + 1); at <= last; ) {
      const span = this.#dropped.find(([from, to]) => from <= at && at <= to)
      if (span === undefined) return true
      at = span[1] + 1
    }
    return false
  }

  /** The losses that the next batch is to carry. */
  nextLosses(areDropsHeld: boolean): readonly DeclaredLoss[] {
    const due = areDropsHeld ? this.#losses.filter(({ kind }) => kind === 'epoch-end') : this.#losses
    return due.slice(0, MAX_DECLARED_LOSSES)
  }

  /** Ends the epoch in hand, whose lanes are now to be declared, and begins another. */
  beginEpoch(epoch: string, startedMs: number): void {
    for (const { lane, number, frames } of this.#laneEnds.values()) {
      const end = { epoch: this.#epoch, lane, from: number + 1, to: 0, frames, kind: 'epoch-end' as const }
      this.#losses = withLoss(this.#losses, end)
    }
    this.#laneEnds = new Map()
    this.#epoch = epoch
    this.#epochStartedMs = startedMs
  }

  /** What the losses will be once these batches and this loss are dropped: what they carried is to be carried again. */
  lossesAfterDrop(sequences: Span | null, losses: readonly DeclaredLoss[]): readonly DeclaredLoss[] {
    let all = this.#losses
    if (sequences !== null) {
      for (const [sequence, carried] of this.#carried) {
        if (sequences[0] <= sequence && sequence <= sequences[1])
          for (const loss of carried) all = withLoss(all, loss)
      }
    }
    for (const loss of losses) all = withLoss(all, loss)
    return all
  }

  /** Files that are gone from the folder need not be known any more. */
  forget(isGone: (position: FilePosition) => boolean): void {
    for (const [key, position] of this.#finished) if (isGone(position)) this.#finished.delete(key)
  }

  apply(record: SpoolRecord): void {
    switch (record.kind) {
      case 'state':
        this.#restore(record.state)
        break
      case 'batch':
        this.#addBatch(record.entry)
        break
      case 'done':
        this.#finish(record.through)
        break
      case 'handed':
        this.#handedThrough = Math.max(this.#handedThrough, record.through)
        break
      case 'drop':
        this.#drop(record.drop)
        break
      case 'partition':
        this.#partitions.set(record.lane, record.partition)
        break
      case 'position':
        this.#move(record.position)
        break
      default:
        record satisfies never
    }
  }

  state(schema: string): SpoolState {
    return {
      version: 1,
      sensor: this.#sensor,
      epoch: this.#epoch,
      epochStartedMs: this.#epochStartedMs,
      laneEnds: this.laneEnds,
      partitions: [...this.#partitions],
      nextSequence: this.#nextSequence,
      doneThrough: this.#doneThrough,
      dropped: this.#dropped,
      handedThrough: this.#handedThrough,
      losses: this.#losses,
      current: this.#current,
      finished: this.finished,
      schema
    }
  }

  #restore(state: SpoolState): void {
    this.#epoch = state.epoch
    this.#epochStartedMs = state.epochStartedMs
    this.#laneEnds = new Map(state.laneEnds.map((end) => [end.lane, end]))
    this.#partitions = new Map(state.partitions)
    this.#nextSequence = state.nextSequence
    this.#doneThrough = Math.max(this.#doneThrough, state.doneThrough)
    this.#dropped = [...state.dropped]
    this.#handedThrough = Math.max(this.#handedThrough, state.handedThrough)
    this.#losses = state.losses
    this.#current = state.current
    this.#finished = new Map(state.finished.map((position) => [fileKey(position.file), position]))
    this.#tidy()
  }

  #addBatch(entry: BatchEntry): void {
    this.#nextSequence = entry.sequence + 1
    const { lane, number, frames, framesBefore } = entry
    this.#laneEnds.set(lane, { lane, number, frames: framesBefore + frames })
    this.#losses = withoutLosses(this.#losses, entry.losses)
    if (entry.losses.length > 0 && this.isWaiting(entry.sequence))
      this.#carried.set(entry.sequence, entry.losses)
    if (entry.position !== null) this.#move(entry.position)
  }

  #finish(through: number): void {
    this.#doneThrough = Math.max(this.#doneThrough, through)
    this.#tidy()
  }

  #drop({ sequences, unwritten, losses }: DropEntry): void {
    this.#losses = losses
    if (unwritten !== null) {
      this.#laneEnds.set(unwritten.end.lane, unwritten.end)
      if (unwritten.position !== null) this.#move(unwritten.position)
    }
    if (sequences === null) return
    this.#dropped = [...this.#dropped, sequences]
    this.#tidy()
  }

  #move(position: FilePosition): void {
    if (position.isFinished) {
      this.#finished.set(fileKey(position.file), position)
      this.#current = null
    } else {
      this.#finished.delete(fileKey(position.file))
      this.#current = position
    }
  }

  /** Dropped sequences that follow what is done are done themselves; nobody waits for what those carried. */
  #tidy(): void {
    const spans = [...this.#dropped].sort((a, b) => a[0] - b[0])
    this.#dropped = []
    for (const [from, to] of spans) {
      const previous = this.#dropped.at(-1)
      if (from <= this.#doneThrough + 1) this.#doneThrough = Math.max(this.#doneThrough, to)
      else if (previous !== undefined && from <= previous[1] + 1)
        this.#dropped[this.#dropped.length - 1] = [previous[0], Math.max(previous[1], to)]
      else this.#dropped.push([from, to])
    }
    for (const sequence of this.#carried.keys()) if (!this.isWaiting(sequence)) this.#carried.delete(sequence)
  }
}
