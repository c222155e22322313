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
  /** Batches that the disk lost; they are dropped in the book. */
  readonly damages: readonly Damage[]
}

/** Batches that are neither there nor done with: a segment is damaged, or gone. */
export interface Damage {
  /** The segment before which they lay. */
  readonly path: string
  /** Where an earlier segment has other bytes than were written; null where a segment is gone. */
  readonly badAt: { readonly path: string; readonly offset: number } | null
  readonly losses: readonly DeclaredLoss[]
  readonly sequences: Span
}

/** Reads the spool; cuts a torn tail off its newest segment. */
export async function recoverSpool(folder: string, sensor: string): Promise<Recovered> {
  const book = new SpoolBook(sensor)
  const segments: Segment[] = []
  const holes: Damage[] = []
  let cutBytes = 0
  let badAt: Damage['badAt'] = null
  const numbers = await segmentNumbers(folder)
  for (const number of numbers) {
    const segment = emptySegment(folder, number, '')
    const isNewest = number === numbers.at(-1)
    const fileBytes = await sizeOf(segment.path)
    segment.durableBytes = fileBytes
    const goodBytes = await replay(segment, book, (state) => {
      const hole = holeBefore(state, book)
      if (hole !== null) holes.push({ path: segment.path, badAt, ...hole })
      badAt = null
    })
    segment.sizeBytes = goodBytes
    segment.durableBytes = goodBytes
    if (goodBytes > 0 || !isNewest) segments.push(segment)
    if (goodBytes === fileBytes && fileBytes > 0) continue
    if (isNewest) {
      cutBytes = fileBytes - goodBytes
      await cut(folder, segment.path, goodBytes)
    } else badAt ??= { path: segment.path, offset: goodBytes }
  }
  const damages = holes.filter(({ sequences }) => book.isAnyWaiting(sequences))
  for (const { losses, sequences } of damages) {
    const drop = { reason: 'damaged' as const, sequences, unwritten: null }
    book.apply({ kind: 'drop', drop: { ...drop, losses: book.lossesAfterDrop(null, losses) } })
  }
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

/**
 * A state says where numbers and frames had come to. What lies between that and the records before it was in segments
 * that were done with and deleted, as the acknowledgements that follow say, or else it was lost.
 */
function holeBefore(after: SpoolState, book: SpoolBook): Pick<Damage, 'losses' | 'sequences'> | null {
  if (after.nextSequence <= book.nextSequence) return null
  const starts = new Map(book.laneEnds.map((end) => [end.lane, end]))
  // What was to be declared, and may have been carried by what is lost.
  let losses: readonly DeclaredLoss[] = withoutLosses(book.losses, after.losses)
  for (const { lane, number, frames } of endsAfter(book.epoch, after)) {
    const start = starts.get(lane) ?? { number: 0, frames: 0 }
    if (number <= start.number) continue
    losses = withLoss(losses, {
      epoch: book.epoch === '' ? after.epoch : book.epoch,
      lane,
      from: start.number + 1,
      to: number,
      frames: frames - start.frames,
      kind: 'spool-drop'
    })
  }
  return { losses, sequences: [book.nextSequence, after.nextSequence - 1] }
}

/** Where the lanes of an epoch had come to: in its own state, or in what a later epoch declares of it. */
function endsAfter(epoch: string, after: SpoolState): readonly LaneEnd[] {
  if (epoch === '' || after.epoch === epoch) return after.laneEnds
  return after.losses
    .filter((loss) => loss.kind === 'epoch-end' && loss.epoch === epoch)
    .map(({ lane, from, frames }) => ({ lane, number: from - 1, frames }))
}
