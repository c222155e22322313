// Makes batches of frames: headers only, bounded before they are numbered. Where a batch ends depends on the
// frames alone, so that reading a file twice gives the same batches under the same names.
import type { Frame } from '../capture/frame.ts'
import { HeaderCaptureWriter } from '../capture/header-capture.ts'
import { locateIp } from '../capture/link-layer.ts'
import { keptBytes } from '../headers/header-length.ts'
import { isTimeInRange } from '../packets/packet-columns.ts'
import { FRAME_REJECT_REASONS, type FrameRejectReason } from '../packets/reject-reason.ts'
import { digestOf } from './digest.ts'
import { MAX_LOSS_BYTES } from '../spool/loss-list.ts'
import {
  type DeclaredLoss,
  MAX_BATCH_BYTES,
  MAX_BATCH_FRAMES,
  MAX_DECLARED_LOSSES,
  type RawBatch,
  REFUSED_BYTES,
  type RefusedFrame
} from './raw-batch.ts'

/** When a batch is closed; whichever comes first. */
export interface BatchLimits {
  /** 1..MAX_BATCH_FRAMES. */
  readonly frames: number
  /** Bytes of headers and of refused frames together; at most MAX_BATCH_BYTES. */
  readonly sizeBytes: number
  /** Packet time between the first frame of the batch and the next one, either way. */
  readonly packetTimeSeconds: number
}

/** The largest batches there may be, closed after a minute of packet time at the latest. */
export const DEFAULT_BATCH_LIMITS: BatchLimits = {
  frames: MAX_BATCH_FRAMES,
  sizeBytes: MAX_BATCH_BYTES,
  packetTimeSeconds: 60
}

/** Those of batches that may declare losses, which take room too. */
export const SPOOLED_BATCH_LIMITS: BatchLimits = {
  ...DEFAULT_BATCH_LIMITS,
  sizeBytes: MAX_BATCH_BYTES - MAX_DECLARED_LOSSES * MAX_LOSS_BYTES
}

/** Which rules made the batches; a run refuses others. */
export const BATCHING_VERSION = '2'

/** Whose batches are made, and within which bounds. */
export interface BatcherOptions {
  readonly sensor: string
  readonly epoch: string
  readonly epochStartedMs: number
  readonly lane: number
  readonly file: string | null
  readonly limits: BatchLimits
  /** False leaves `digest` empty, where nobody can send the name twice (one process, one reader). */
  readonly withDigest: boolean
  /**
   * True where each batch is done with before the next one is given: its capture and frame numbers are then
   * overwritten, which saves 60 ns a packet of copying into fresh memory.
   */
  readonly reusesMemory?: boolean
  /** What the batch that is closed now declares never to send; nothing without it. */
  readonly takeLosses?: () => readonly DeclaredLoss[]
}

/** Bytes that one refused frame takes beside its own bytes on the wire, at most. */
const REFUSED_OVERHEAD_BYTES = 40
const RECORD_HEADER_BYTES = 16

/** What one batch is collected in. */
class BatchMemory {
  readonly capture = new HeaderCaptureWriter()
  readonly frames = new Float64Array(MAX_BATCH_FRAMES)
}

/** Collects frames of one lane and gives a batch whenever one is full. */
export class Batcher {
  readonly #options: BatcherOptions
  #memory = new BatchMemory()
  /** That of the batch given last, while the next one is collected; only where memory is reused. */
  #spare: BatchMemory | null
  #packets = 0
  #refused: RefusedFrame[] = []
  #refusedBytes = 0
  /** Time of the first frame of the batch in hand whose time is known; null before there is one. */
  #firstSeconds: number | null = null
  #newestMs = 0
  #file: string | null
  #number = 1
  #framesBefore = 0

  constructor(options: BatcherOptions) {
    this.#options = options
    this.#file = options.file
    this.#spare = options.reusesMemory === true ? new BatchMemory() : null
  }

  /** Frames held and not yet given in a batch. */
  get pendingFrames(): number {
    return this.#packets + this.#refused.length
  }

  /** The lane goes on with another file: the batch in hand must be closed, since none spans two. */
  startFile(file: string): void {
    if (this.pendingFrames > 0) throw new Error('a batch of the file before is open')
    this.#file = file
  }

  /** Takes one frame. Answers the batch before it where that one had to be closed first. */
  add(frame: Frame, kernelDrops = 0, closedAtMs: number | null = null): RawBatch | null {
    if (!isTimeInRange(frame.seconds))
      return this.#refuse(frame, 'time-out-of-range', kernelDrops, closedAtMs)
    const ipStart = locateIp(frame.bytes, frame.start, frame.end, frame.linkType)
    if (ipStart < 0) return this.#refuse(frame, FRAME_REJECT_REASONS[-1 - ipStart]!, kernelDrops, closedAtMs)

    const keptLength = keptBytes(frame.bytes, ipStart, frame.end)
    const full = this.#closeIfFull(frame.seconds, RECORD_HEADER_BYTES + keptLength, kernelDrops, closedAtMs)
    this.#memory.capture.add(
      frame.seconds,
      frame.nanoseconds,
      frame.bytes,
      ipStart,
      ipStart + keptLength,
      Math.max(keptLength, frame.wireLengthBytes - (ipStart - frame.start))
    )
    this.#memory.frames[this.#packets++] = frame.number
    this.#newestMs = Math.max(this.#newestMs, frame.seconds * 1000 + Math.floor(frame.nanoseconds / 1e6))
    return full
  }

  /** Gives what is held as a batch; null where nothing is. `closedAtMs` null means: the newest packet time. */
  close(kernelDrops = 0, closedAtMs: number | null = null): RawBatch | null {
    return this.pendingFrames === 0 ? null : this.#close(kernelDrops, closedAtMs ?? this.#newestMs)
  }

  /** Gives a batch without frames: a sign of life, and a carrier of losses. Null where frames are held. */
  closeEmpty(kernelDrops: number, closedAtMs: number): RawBatch | null {
    return this.pendingFrames > 0 ? null : this.#close(kernelDrops, closedAtMs)
  }

  #close(kernelDrops: number, closedAtMs: number): RawBatch {
    const frames = this.pendingFrames
    const file = this.#file
    const { sensor, epoch, epochStartedMs, lane, withDigest, takeLosses } = this.#options
    const contents = {
      closedAtMs,
      packets: this.#packets,
      framesBefore: this.#framesBefore,
      kernelDrops,
      declaredLosses: takeLosses?.() ?? [],
      capture: this.#spare === null ? this.#memory.capture.finish() : this.#memory.capture.view(),
      file,
      frames: file === null ? new Float64Array(0) : this.#frameNumbers(),
      refused: this.#refused
    }
    const digest = withDigest ? digestOf(contents) : ''
    const batch = { name: { sensor, epoch, lane, number: this.#number }, digest, epochStartedMs, ...contents }

    this.#number += 1
    this.#framesBefore += frames
    this.#packets = 0
    this.#refused = []
    this.#refusedBytes = 0
    this.#newestMs = 0
    if (this.#spare !== null) [this.#memory, this.#spare] = [this.#spare, this.#memory]
    this.#memory.capture.reset()
    return batch
  }

  #frameNumbers(): Float64Array {
    const { frames } = this.#memory
    return this.#spare === null ? frames.slice(0, this.#packets) : frames.subarray(0, this.#packets)
  }

  #refuse(
    frame: Frame,
    reason: FrameRejectReason,
    kernelDrops: number,
    closedAtMs: number | null
  ): RawBatch | null {
    const bytes = frame.bytes.slice(frame.start, Math.min(frame.end, frame.start + REFUSED_BYTES))
    const sizeBytes = bytes.length + REFUSED_OVERHEAD_BYTES
    const isTimeKnown = reason !== 'time-out-of-range'
    const full = this.#closeIfFull(isTimeKnown ? frame.seconds : null, sizeBytes, kernelDrops, closedAtMs)
    if (isTimeKnown) this.#newestMs = Math.max(this.#newestMs, frame.seconds * 1000)
    this.#refused.push({
      frame: this.#file === null ? 0 : frame.number,
      linkType: frame.linkType,
      reason,
      bytes,
      lengthBytes: frame.wireLengthBytes
    })
    this.#refusedBytes += sizeBytes
    return full
  }

  /**
   * Closes the batch in hand where a frame of this time and size does not fit any more, and notes the time of a first
   * frame.
   */
  #closeIfFull(
    seconds: number | null,
    sizeBytes: number,
    kernelDrops: number,
    closedAtMs: number | null
  ): RawBatch | null {
    const { limits } = this.#options
    let full: RawBatch | null = null
    if (this.pendingFrames > 0) {
      const isFull =
        this.pendingFrames >= limits.frames ||
        this.#memory.capture.sizeBytes + this.#refusedBytes + sizeBytes > limits.sizeBytes ||
        (seconds !== null &&
          this.#firstSeconds !== null &&
          Math.abs(seconds - this.#firstSeconds) >= limits.packetTimeSeconds)
      if (isFull) full = this.close(kernelDrops, closedAtMs)
    }
    if (this.pendingFrames === 0) this.#firstSeconds = null
    this.#firstSeconds ??= seconds
    return full
  }
}
