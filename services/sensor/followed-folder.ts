// `sensor --follow DIR`: capture files that another program adds, each read once, whatever ends this process between.
import { readCaptureFile } from '../../adapters/capture-files.ts'
import { CaptureFolder, type FolderFile, headOf, SettledFiles } from '../../adapters/capture-folder.ts'
import { ChunkMemory } from '../../adapters/file-chunks.ts'
import type { Log } from '../../adapters/log.ts'
import type { Spool } from '../../adapters/spool.ts'
import { Batcher, SPOOLED_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import type { RawBatch } from '../../core/batch/raw-batch.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { StormpetrelError } from '../../core/errors.ts'
import { type FileIdentity, type FilePosition, fileKey } from '../../core/spool/input-position.ts'
import { isDoneWith, whatToRead } from '../../core/spool/what-to-read.ts'
import { FILE_FAULTS } from './file-batches.ts'
import type { SensorCounters } from './metrics.ts'

/** Which folder is read, as whose, and into which spool. */
export interface FollowedFolderOptions {
  readonly folder: string
  readonly sensor: string
  readonly spool: Spool
  readonly settleMs: number
  /** Where losses wait to be declared and no file comes for this long, an empty batch carries them. */
  readonly heartbeatMs: number
  readonly nowMs: () => number
  /** Whether the brokers take nothing: a full spool then drops instead of being waited for. */
  readonly isAway: () => boolean
  readonly counters: SensorCounters
  readonly log: Log
}

/** Batches that may wait for the disk while the next one is read. */
const MAX_UNSAFE_BATCHES = 8
const MIN_POLL_MS = 50
const MAX_POLL_MS = 1000

/** Reads until it is aborted; the spool must have been started. */
export class FollowedFolder {
  readonly #options: FollowedFolderOptions
  readonly #folder: CaptureFolder
  readonly #settled: SettledFiles
  readonly #batcher: Batcher
  #memory = new ChunkMemory()
  /** Batches that are not safe yet, in order. */
  #unsafe: Promise<void>[] = []
  #lastBatchMs = 0

  constructor(options: FollowedFolderOptions) {
    const { sensor, spool, settleMs } = options
    this.#options = options
    this.#folder = new CaptureFolder(options.folder)
    this.#settled = new SettledFiles(settleMs)
    this.#batcher = new Batcher({
      sensor,
      epoch: spool.epoch,
      epochStartedMs: spool.epochStartedMs,
      lane: 0,
      file: null,
      limits: SPOOLED_BATCH_LIMITS,
      withDigest: true,
      // The spool has its own copy of a batch as soon as it was given it.
      reusesMemory: true,
      takeLosses: () => spool.nextLosses()
    })
  }

  /** Resolves once it is aborted and what was read until then is safe. Rejects where the spool or the folder fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { settleMs, nowMs, spool } = this.#options
    const pollMs = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, settleMs / 4))
    this.#lastBatchMs = performance.now()
    while (!signal.aborted) {
      const runningMs = performance.now()
      const files = await this.#folder.list(runningMs)
      this.#forgetGone(files)
      for (const file of this.#settled.closed(files, nowMs(), runningMs)) {
        if (signal.aborted) break
        await this.#readIfNew(file, signal)
        const known = spool.positionOf(file)
        if (known !== null && isDoneWith(file, known)) this.#folder.rest(file.name, runningMs)
      }
      await this.#untilSafe(0)
      await this.#declareIfIdle()
      await untilAborted(signal, pollMs)
    }
  }

  async #readIfNew(file: FolderFile, signal: AbortSignal): Promise<void> {
    const { spool, log } = this.#options
    const known = spool.positionOf(file)
    if (known !== null && isDoneWith(file, known)) return
    const head = await headOf(file.path, file.sizeBytes)
    if (head === null) return
    const { path, ...found } = file
    const identity: FileIdentity = { ...found, ...head }
    const knownHead = known === null ? null : await headOf(path, known.file.headBytes)
    const reading = whatToRead(identity, known, knownHead?.head ?? null)
    switch (reading.kind) {
      case 'renew':
        return spool.move({ ...reading.position, file: identity })
      case 'from':
        if (known?.isFinished === false && reading.frames < known.frames)
          this.#loseCurrent(known, 'was written anew')
        if (reading.hasGrown) {
          log('warn', 'capture file grew after it was read', { file: path, frames: reading.frames })
        }
        return await this.#readFile(path, identity, reading.frames, signal)
      default:
        return reading satisfies never
    }
  }

  async #readFile(path: string, file: FileIdentity, skip: number, signal: AbortSignal): Promise<void> {
    let frames = skip
    const give = (batch: RawBatch, isFinished: boolean): Promise<void> => {
      frames += batch.packets + batch.refused.length
      return this.#append(batch, { file, frames, isFinished })
    }
    this.#batcher.startFile(path)
    const takeFrames = (reader: CaptureReader): void | Promise<void> => {
      // A chunk is milliseconds of work, and a look at the clock a frame would be 40 ns of 1,000.
      const closedAtMs = this.#options.nowMs()
      while (reader.next()) {
        if (reader.frame.number <= skip) continue
        const full = this.#batcher.add(reader.frame, 0, closedAtMs)
        if (full !== null) return give(full, false).then(() => takeFrames(reader))
      }
    }
    const fault = await this.#faultOf(
      path,
      readCaptureFile(path, takeFrames, { signal, memory: this.#memory })
    )
    if (fault === 'later') return
    const isFinished = fault === 'finish' || !signal.aborted
    const last = this.#batcher.close(0, this.#options.nowMs())
    if (last !== null) await give(last, isFinished)
    else if (isFinished) this.#options.spool.move({ file, frames, isFinished })
    if (isFinished) this.#options.counters.finishedFiles += 1
  }

  /** Says what is wrong with a file, and whether that ends it. Passes on all other errors. */
  async #faultOf(path: string, reading: Promise<void>): Promise<'none' | 'finish' | 'later'> {
    const { counters, log } = this.#options
    try {
      await reading
      return 'none'
    } catch (error) {
      this.#memory = new ChunkMemory()
      if (!(error instanceof StormpetrelError && FILE_FAULTS.has(error.code))) throw error
      const isDenied = error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EACCES'
      if (isDenied) {
        log('warn', 'capture file may not be read, and is tried again', { file: path, error: error.message })
        return 'later'
      }
      counters.damagedFiles += 1
      log('error', 'capture file is damaged', { file: path, code: error.code, error: error.message })
      return 'finish'
    }
  }

  /** A file that is gone before it was read to its end is an error; one that was read needs not be known any more. */
  #forgetGone(files: readonly FolderFile[]): void {
    const { spool } = this.#options
    const there = new Set(files.map(fileKey))
    const isGone = ({ file }: FilePosition) => !there.has(fileKey(file))
    const current = spool.currentFile
    if (current !== null && isGone(current)) {
      this.#loseCurrent(current, 'vanished')
      spool.move({ ...current, isFinished: true })
    }
    spool.forget(isGone)
  }

  /** Nobody can read the rest of it any more. */
  #loseCurrent({ file, frames }: FilePosition, how: string): void {
    const { counters, log, folder } = this.#options
    counters.damagedFiles += 1
    counters.finishedFiles += 1
    log('error', 'capture file is gone before it was read to its end', {
      folder,
      file: file.name,
      how,
      frames
    })
  }

  async #append(batch: RawBatch, position: FilePosition | null): Promise<void> {
    const { spool, counters, isAway } = this.#options
    await spool.untilRoom(isAway)
    counters.receivedBytes += batch.capture.length
    const safe = spool.append(batch, position)
    // Its failure is seen when it is awaited.
    safe.catch(() => undefined)
    this.#unsafe.push(safe)
    this.#lastBatchMs = performance.now()
    await this.#untilSafe(MAX_UNSAFE_BATCHES)
  }

  /** Waits until at most so many batches are not safe. */
  async #untilSafe(most: number): Promise<void> {
    while (this.#unsafe.length > most) await this.#unsafe.shift()
  }

  async #declareIfIdle(): Promise<void> {
    const { spool, heartbeatMs, nowMs } = this.#options
    if (!spool.hasLossesToDeclare || performance.now() - this.#lastBatchMs < heartbeatMs) return
    const carrier = this.#batcher.closeEmpty(0, nowMs())
    if (carrier !== null) await this.#append(carrier, null)
  }
}

/** Resolves after so long, or at once when it is aborted. */
function untilAborted(signal: AbortSignal, forMs: number): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, forMs)
    signal.addEventListener('abort', end)
  })
}
