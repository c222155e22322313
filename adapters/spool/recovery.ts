// What a spool holds when a process opens it: every record is read and checked once.
import { open, unlink } from 'node:fs/promises'
import type { DeclaredLoss } from '../../core/batch/raw-batch.ts'
import { withLoss, withoutLosses } from '../../core/spool/loss-list.ts'
import { SpoolBook } from '../../core/spool/spool-book.ts'
import type { LaneEnd, Span, SpoolState } from '../../core/spool/spool-records.ts'
import { emptySegment, noteBatch, type Segment, segmentNumbers, syncFolder } from './segment.ts'
import { SegmentCursor } from './segment-cursor.ts'

/** What was found. */
export interface Recovered {
  readonly book: SpoolBook
  readonly segments: Segment[]
  /** Bytes that were cut off the newest segment: what was being written when the last process ended. */
  readonly cutBytes: number
  /** Places where the disk gave back other bytes than were written. */
  readonly damages: readonly Damage[]
}

/** Everything of the segment from there on is lost. */
export interface Damage {
  readonly path: string
  readonly offset: number
  /** Losses that are to be declared, and the sequences of the batches. */
  readonly losses: readonly DeclaredLoss[]
  readonly sequences: Span | null
}

/** The account as it was where the damage begins. */
interface OpenDamage {
  readonly path: string
  readonly offset: number
  readonly epoch: string
  readonly laneEnds: readonly LaneEnd[]
  readonly nextSequence: number
  readonly losses: readonly DeclaredLoss[]
}

/** Reads the spool; cuts a torn tail off its newest segment. */
export async function recoverSpool(folder: string, sensor: string): Promise<Recovered> {
  const book = new SpoolBook(sensor)
  const segments: Segment[] = []
  const damages: Damage[] = []
  let cutBytes = 0
  let open: OpenDamage | null = null
  const numbers = await segmentNumbers(folder)
  for (const number of numbers) {
    const segment = emptySegment(folder, number, '')
    const isNewest = number === numbers.at(-1)
    const fileBytes = await sizeOf(segment.path)
    segment.durableBytes = fileBytes
    const goodBytes = await replay(segment, book, (state) => {
      if (open !== null) damages.push(closeDamage(open, state))
      open = null
    })
    segment.sizeBytes = goodBytes
    segment.durableBytes = goodBytes
    if (goodBytes > 0 || !isNewest) segments.push(segment)
    if (goodBytes === fileBytes && fileBytes > 0) continue
    if (isNewest) {
      cutBytes = fileBytes - goodBytes
      await cut(folder, segment.path, goodBytes)
    } else {
      open ??= {
        path: segment.path,
        offset: goodBytes,
        epoch: book.epoch,
        laneEnds: book.laneEnds,
        nextSequence: book.nextSequence,
        losses: book.losses
      }
    }
  }
  for (const damage of damages) enterDamage(book, damage)
  return { book, segments, cutBytes, damages }
}

/** Applies the records in order, and answers where the first bad one begins. */
async function replay(
  segment: Segment,
  book: SpoolBook,
  beforeState: (state: SpoolState) => void
): Promise<number> {
  const cursor = new SegmentCursor(segment)
  try {
    for (;;) {
      const start = cursor.offset
      const read = await cursor.next()
      if (read === null || read === 'bad') return start
      const { record } = read
      // Without its state a segment says nothing that can be relied on.
      if (start === 0 && record.kind !== 'state') return 0
      if (record.kind === 'state') {
        beforeState(record.state)
        segment.schema = record.state.schema
      } else if (record.kind === 'batch') {
        noteBatch(segment, record.entry.sequence, record.entry.spooledAtMs)
      }
      book.apply(record)
    }
  } finally {
    await cursor.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  const handle = await open(path, 'r')
  try {
    return (await handle.stat()).size
  } finally {
    await handle.close()
  }
}

async function cut(folder: string, path: string, sizeBytes: number): Promise<void> {
  if (sizeBytes === 0) {
    await unlink(path)
    return await syncFolder(folder)
  }
  const handle = await open(path, 'r+')
  try {
    await handle.truncate(sizeBytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The state after the damage says where numbers and frames had come to: the hole before it is what was lost. */
function closeDamage(before: OpenDamage, after: SpoolState): Damage {
  const starts = new Map(before.laneEnds.map((end) => [end.lane, end]))
  let losses: readonly DeclaredLoss[] = withoutLosses(before.losses, after.losses)
  for (const { lane, number, frames } of endsAfter(before.epoch, after)) {
    const start = starts.get(lane) ?? { number: 0, frames: 0 }
    if (number <= start.number) continue
    losses = withLoss(losses, {
      epoch: before.epoch,
      lane,
      from: start.number + 1,
      to: number,
      frames: frames - start.frames,
      kind: 'spool-drop'
    })
  }
  const { path, offset, nextSequence } = before
  const isAny = after.nextSequence > nextSequence
  return { path, offset, losses, sequences: isAny ? [nextSequence, after.nextSequence - 1] : null }
}

/** Where the lanes of an epoch had come to: in its own state, or in what a later epoch declares of it. */
function endsAfter(epoch: string, after: SpoolState): readonly LaneEnd[] {
  if (after.epoch === epoch) return after.laneEnds
  return after.losses
    .filter((loss) => loss.kind === 'epoch-end' && loss.epoch === epoch)
    .map(({ lane, from, frames }) => ({ lane, number: from - 1, frames }))
}

/** Enters as dropped what was not acknowledged before the disk lost it. */
function enterDamage(book: SpoolBook, { losses, sequences }: Damage): void {
  if (sequences === null || !book.isAnyWaiting(sequences)) return
  const from = Math.max(sequences[0], book.doneThrough + 1)
  const all = book.lossesAfterDrop(null, losses)
  book.apply({
    kind: 'drop',
    drop: { reason: 'damaged', sequences: [from, sequences[1]], unwritten: null, losses: all }
  })
}
