// The frames of captures through the batcher and the tagger, twice: as given from one piece, and from chunks.
import { Batcher, type BatchLimits, DEFAULT_BATCH_LIMITS } from '../../core/batch/batcher.ts'
import { MAX_BATCH_FRAMES, type RawBatch, REFUSED_BYTES } from '../../core/batch/raw-batch.ts'
import type { Frame } from '../../core/capture/frame.ts'
import { FRAME_REJECT_REASONS } from '../../core/packets/reject-reason.ts'
import { keptBytes } from '../../core/headers/header-length.ts'
import { PacketColumns } from '../../core/packets/packet-columns.ts'
import { type EnrichContext, enrichBatch, type RejectedFrame } from '../../core/tagging/enrich-batch.ts'
import { NO_NAT } from '../../core/tags/aimed-at.ts'
import { type FeatureMap, magnitude } from './feature-map.ts'
import { differingColumn } from './same-row.ts'
import type { Subject } from './subject.ts'
import { BrokenPromise } from './target.ts'

const SMALL_LIMITS: BatchLimits = { frames: 3, sizeBytes: 400, packetTimeSeconds: 2 }
const MAX_SECONDS = 0xffff_ffff
/** A sensor of no country and without NAT. */
export const FACTS = { vantages: ['all'], aimedAt: NO_NAT }
/** Tagging without geo data and clock rule. */
export const CONTEXT: EnrichContext = {
  geo: { region: null, asn: null, provenance: [] },
  provenance: { geo: [], rules: '', sensors: 'none' },
  hasClockRule: false
}

/** What the batches of one capture must hold: its frames in order, each as the decoder alone reads it. */
export class BatchCheck {
  readonly #subject: Subject
  readonly #limits: BatchLimits
  readonly #whole: Batcher
  readonly #chunked: Batcher
  readonly #columns = new PacketColumns(MAX_BATCH_FRAMES)
  readonly #row = new PacketColumns(1)
  #frames: ExpectedFrame[] = []
  #next = 0
  #digests: string[] = []
  #digestsOfChunked = 0

  constructor(subject: Subject, isSmall: boolean) {
    this.#subject = subject
    this.#limits = isSmall ? SMALL_LIMITS : DEFAULT_BATCH_LIMITS
    this.#whole = batcherOf(this.#limits)
    this.#chunked = batcherOf(this.#limits)
  }

  /** Starts a capture. */
  reset(): void {
    this.#frames = []
    this.#next = 0
    this.#digests = []
    this.#digestsOfChunked = 0
  }

  /** Takes a frame of the capture read whole, whose memory stays as it is until `finish`. */
  take(frame: Frame, features: FeatureMap): void {
    const { number, seconds, nanoseconds, linkType, bytes, start, end, wireLengthBytes } = frame
    this.#frames.push({ number, seconds, nanoseconds, linkType, bytes, start, end, wireLengthBytes })
    this.#checkBatch(this.#whole.add(frame), features)
  }

  /** Takes the same frame of the capture read in chunks. */
  takeChunked(frame: Frame, index: number): void {
    const expected = this.#frames[index]
    if (expected === undefined) throw brokenByChunks(`frame ${index + 1} is given in chunks only`)
    const isSame =
      frame.number === expected.number &&
      frame.seconds === expected.seconds &&
      frame.nanoseconds === expected.nanoseconds &&
      frame.linkType === expected.linkType &&
      frame.wireLengthBytes === expected.wireLengthBytes &&
      areSameBytes(frame, expected)
    if (!isSame) throw brokenByChunks(`frame ${index + 1} differs`)
    this.#checkDigest(this.#chunked.add(frame))
  }

  /** Ends both. */
  finish(features: FeatureMap): void {
    this.#checkBatch(this.#whole.close(), features)
    this.#checkDigest(this.#chunked.close())
    if (this.#next !== this.#frames.length) {
      throw brokenRecord(`${this.#frames.length} frames, ${this.#next} records`)
    }
    if (this.#digestsOfChunked !== this.#digests.length) throw brokenByChunks('the number of batches differs')
  }

  #checkDigest(batch: RawBatch | null): void {
    if (batch === null) return
    if (batch.digest !== this.#digests[this.#digestsOfChunked++]) throw brokenByChunks('a batch differs')
  }

  #checkBatch(raw: RawBatch | null, features: FeatureMap): void {
    if (raw === null) return
    this.#digests.push(raw.digest)
    this.#checkBounds(raw)
    const { rejected } = enrichBatch(raw, FACTS, CONTEXT, this.#columns)
    const packets = this.#columns.length
    let row = 0
    let refused = 0
    for (let left = packets + rejected.length; left > 0; left--) {
      const frame = this.#frames[this.#next++]
      if (frame === undefined) throw brokenRecord('more records than frames')
      if (row < packets && this.#columns.frame[row] === frame.number)
        this.#checkPacket(frame, row++, features)
      else if (rejected[refused]?.frame === frame.number)
        this.#checkRejected(frame, rejected[refused++]!, features)
      else throw brokenRecord(`frame ${frame.number} has no record`)
    }
    features.add(30, magnitude(raw.packets), magnitude(raw.refused.length), magnitude(packets))
  }

  #checkBounds({ packets, refused, capture }: RawBatch): void {
    const { frames, sizeBytes } = this.#limits
    const count = packets + refused.length
    if (count > frames || (count > 1 && capture.length > sizeBytes)) {
      throw new BrokenPromise('a batch is within its bounds', `${count} frames, ${capture.length} bytes`)
    }
  }

  #checkPacket(frame: ExpectedFrame, row: number, features: FeatureMap): void {
    const columns = this.#columns
    const reason = this.#decode(frame)
    if (reason !== null) throw brokenRecord(`frame ${frame.number} is a packet, and was ${reason} alone`)
    const column = differingColumn(columns, row, this.#row, 0)
    if (column !== null) throw brokenRecord(`${column} of frame ${frame.number} differs`)
    if (columns.seconds[row] !== frame.seconds || columns.nanoseconds[row] !== frame.nanoseconds) {
      throw brokenRecord(`the time of frame ${frame.number} differs`)
    }
    features.add(31, columns.tags[row]!, columns.protocol[row])
  }

  #checkRejected(frame: ExpectedFrame, rejected: RejectedFrame, features: FeatureMap): void {
    const reason = this.#decode(frame)
    if (rejected.reason !== reason)
      throw brokenRecord(`frame ${frame.number} is ${rejected.reason}, alone ${reason}`)
    if (rejected.bytes.length > REFUSED_BYTES || rejected.bytes.length > frame.end - frame.start) {
      throw brokenRecord(`of frame ${frame.number} ${rejected.bytes.length} bytes are kept`)
    }
    features.add(32, FRAME_REJECT_REASONS.indexOf(reason), rejected.bytes.length, Math.sign(frame.seconds))
  }

  /** Decodes the whole frame into the row at hand, past batcher and tagger; answers why it is no packet, or null. */
  #decode({
    bytes,
    start,
    end,
    linkType,
    seconds,
    wireLengthBytes
  }: ExpectedFrame): (typeof FRAME_REJECT_REASONS)[number] | null {
    if (seconds < 0 || seconds > MAX_SECONDS) return 'time-out-of-range'
    const ipAt = this.#subject.locateIp(bytes, start, end, linkType)
    if (ipAt < 0) return FRAME_REJECT_REASONS[-1 - ipAt]!
    const rejected = this.#subject.decodePacket(bytes, ipAt, end, this.#row, 0)
    if (rejected !== 0) return FRAME_REJECT_REASONS[rejected - 1]!
    // A header that says 0 leaves the length to the wire, as far as the sensor told it.
    const onWireBytes = Math.max(keptBytes(bytes, ipAt, end), wireLengthBytes - (ipAt - start))
    if (this.#row.ipLength[0] === 0) this.#row.ipLength[0] = onWireBytes
    return null
  }
}

type ExpectedFrame = Readonly<Frame>

function batcherOf(limits: BatchLimits): Batcher {
  const naming = { sensor: 'fuzz', epoch: '0', epochStartedMs: 0, lane: 0, file: 'whole' }
  return new Batcher({ ...naming, limits, withDigest: true, reusesMemory: true })
}

function areSameBytes(a: Frame, b: ExpectedFrame): boolean {
  const length = a.end - a.start
  if (length !== b.end - b.start) return false
  for (let i = 0; i < length; i++) if (a.bytes[a.start + i] !== b.bytes[b.start + i]) return false
  return true
}

function brokenRecord(found: string): BrokenPromise {
  return new BrokenPromise('every frame gives one record', found)
}

function brokenByChunks(found: string): BrokenPromise {
  return new BrokenPromise('splitting into chunks changes nothing', found)
}
