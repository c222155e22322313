// A capture file as raw batches: the same file always gives the same batches.
import { setTimeout as sleep } from 'node:timers/promises'
import { type CaptureFile, fileDigest, readCaptureFile } from '../../adapters/capture-files.ts'
import { Batcher, type BatchLimits } from '../../core/batch/batcher.ts'
import type { DeclaredLoss, RawBatch } from '../../core/batch/raw-batch.ts'
import type { Rehearsal } from '../../core/batch/rehearsal.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { type ErrorCode, StormpetrelError } from '../../core/errors.ts'

/** What is wrong with a file itself: it is done with, and others can be read. */
export const FILE_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'SP_CAPTURE_UNKNOWN',
  'SP_CAPTURE_DAMAGED',
  'SP_LINK_TYPE_UNSUPPORTED',
  'SP_COMPRESSION_DAMAGED',
  'SP_FILE_UNREADABLE'
])

/** As whose a file is batched, and within which bounds. */
export interface FileBatchesOptions {
  readonly sensor: string
  /** The epoch of the batches; null takes the file's SHA-256, as a run does. */
  readonly epoch: string | null
  readonly epochStartedMs: number
  readonly lane: number
  readonly limits: BatchLimits
  /** False leaves digests empty, where no batch can come twice. */
  readonly withDigest: boolean
  /** True where `onBatch` is done with a batch when it has returned, or its promise is settled. */
  readonly reusesMemory?: boolean
  /** The clock for closed-at; null takes the newest packet time of the batch. */
  readonly nowMs: (() => number) | null
  /** Once this is aborted, no batch is given any more, and reading ends without an error. */
  readonly signal?: AbortSignal
  /** Gives frames other times, and batches when those have come; the batches' file is then called a rehearsal. */
  readonly rehearsal?: Rehearsal
  /** What the batch that is closed now declares never to send; nothing without it. */
  readonly takeLosses?: () => readonly DeclaredLoss[]
}

/**
 * Calls `onBatch` for every batch in order, waiting for its promise; where that fails nothing follows, since a batch
 * that was closed early would bear a name that means another. Where the file is damaged, the batches before the damage
 * are given first and then a StormpetrelError is thrown.
 */
export async function batchFile(
  { name, path }: CaptureFile,
  options: FileBatchesOptions,
  onBatch: (batch: RawBatch) => void | Promise<void>
): Promise<void> {
  const { signal } = options
  const isAborted = (): boolean => signal?.aborted === true
  const epoch = options.epoch ?? (await fileDigest(path, signal))
  const { sensor, lane, epochStartedMs, limits, withDigest, reusesMemory = false } = options
  const { takeLosses = NO_LOSSES } = options
  const batching = { sensor, lane, epochStartedMs, limits, withDigest, reusesMemory, takeLosses }
  const { rehearsal = null } = options
  const file = rehearsal === null ? name : `rehearsal of ${name}`
  const batcher = new Batcher({ ...batching, epoch, file })
  const closedAtMs = () => options.nowMs?.() ?? null
  let isReading = true
  const give = (batch: RawBatch): void | Promise<void> => {
    if (isAborted()) return
    isReading = false
    const done = onBatch(batch)
    if (done === undefined) {
      isReading = true
      return
    }
    return done.then(() => {
      isReading = true
    })
  }
  try {
    const work = { batcher, closedAtMs, onBatch: give, rehearsal, signal }
    await readCaptureFile(path, (reader) => drain(reader, work), {
      name,
      ...(signal === undefined ? {} : { signal })
    })
  } catch (error) {
    // What was read before a disk failed is no damage of the file: under the name that the file gives it, the same
    // batch with more packets would be refused when the disk is well again.
    const isNameKept = options.epoch !== null || !isReadFailure(error)
    if (isReading && isNameKept) await giveRest(batcher, closedAtMs, give)
    throw error
  }
  await giveRest(batcher, closedAtMs, give)
}

function isReadFailure(error: unknown): boolean {
  return !(error instanceof StormpetrelError) || error.code === 'SP_FILE_UNREADABLE'
}

const NO_LOSSES = (): readonly DeclaredLoss[] => []

async function giveRest(
  batcher: Batcher,
  closedAtMs: () => number | null,
  onBatch: (batch: RawBatch) => void | Promise<void>
): Promise<void> {
  const last = batcher.close(0, closedAtMs())
  if (last !== null) await onBatch(last)
}

/** What is done with frames. */
interface Draining {
  readonly batcher: Batcher
  readonly closedAtMs: () => number | null
  readonly onBatch: (batch: RawBatch) => void | Promise<void>
  readonly rehearsal: Rehearsal | null
  readonly signal: AbortSignal | undefined
}

/** Gives frames to the batcher until the reader wants more bytes; stops for a batch that must be waited for. */
function drain(reader: CaptureReader, work: Draining): void | Promise<void> {
  const { batcher, closedAtMs, onBatch, rehearsal } = work
  while (reader.next()) {
    const waitMs = rehearsal === null ? 0 : rehearsal.shift(reader.frame)
    if (waitMs > 0) return pause(reader, work, waitMs).then(() => drain(reader, work))
    const full = batcher.add(reader.frame, 0, closedAtMs())
    if (full === null) continue
    const done = onBatch(full)
    if (done !== undefined) return done.then(() => drain(reader, work))
  }
}

/** A timer that is longer ends at once: Node keeps its milliseconds in 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Resolves after so long, or when it is aborted. */
async function sleepFor(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal }
  for (let leftMs = waitMs; leftMs > 0; leftMs -= LONGEST_TIMER_MS) {
    if (signal?.aborted === true) return
    await sleep(Math.min(leftMs, LONGEST_TIMER_MS), undefined, options).catch(() => undefined)
  }
}

/** Gives what came before, and the frame at hand when its time has come. */
async function pause(reader: CaptureReader, work: Draining, waitMs: number): Promise<void> {
  const { batcher, closedAtMs, onBatch, signal } = work
  const before = batcher.close(0, closedAtMs())
  if (before !== null) await onBatch(before)
  await sleepFor(waitMs, signal)
  const full = batcher.add(reader.frame, 0, closedAtMs())
  if (full !== null) await onBatch(full)
}
