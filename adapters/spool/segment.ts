// A segment: one append-only file of the spool, <number>.segment.
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StormpetrelError } from '../../core/errors.ts'

/** What is known of a segment without reading it. */
export interface Segment {
  readonly number: number
  readonly path: string
  /** The Avro schema that its batches are written with. */
  schema: string
  /** Bytes that were written or wait to be. */
  sizeBytes: number
  /** Bytes that a power cut leaves. */
  durableBytes: number
  /** First and last sequence of its batches; 0 where it has none. */
  firstSequence: number
  lastSequence: number
  /** When its first and its last batch were spooled, in milliseconds since 1970. */
  oldestMs: number
  newestMs: number
}

const DIGITS = 12

/** A segment that has no bytes yet. */
export function emptySegment(folder: string, number: number, schema: string): Segment {
  const path = join(folder, `${String(number).padStart(DIGITS, '0')}.segment`)
  return {
    number,
    path,
    schema,
    sizeBytes: 0,
    durableBytes: 0,
    firstSequence: 0,
    lastSequence: 0,
    oldestMs: 0,
    newestMs: 0
  }
}

/** Notes a batch that lies in the segment. */
export function noteBatch(segment: Segment, sequence: number, spooledAtMs: number): void {
  if (segment.firstSequence === 0) {
    segment.firstSequence = sequence
    segment.oldestMs = spooledAtMs
  }
  segment.lastSequence = sequence
  segment.newestMs = spooledAtMs
}

/** Numbers of the segments in a folder, in order. */
export async function segmentNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names
    .map((name) => /^(\d{12})\.segment$/.exec(name))
    .flatMap((match) => (match === null ? [] : [Number(match[1])]))
    .sort((a, b) => a - b)
}

/** Makes the entries of a folder outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What the disk refused, as an error for people. */
export function spoolError(folder: string, what: string, error: unknown): StormpetrelError {
  if (error instanceof StormpetrelError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const isFull =
    error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  const advice = isFull
    ? 'free space on its disk, or lower STORMPETREL_SPOOL_SIZE_MIB'
    : 'check its disk and its permissions, or name another folder with STORMPETREL_SPOOL_FOLDER'
  return new StormpetrelError(
    'SP_SPOOL',
    `the spool ${folder} cannot be ${what}: ${reason}; ${advice}. What was acknowledged is safe`,
    { cause: error }
  )
}
