// One lane of the fence: which of its numbers were seen, how many frames those were, and what will never come.
import { addEntry, type Hole, hasNumber, holesOf, type LaneEnd, type SeenRanges } from './seen-ranges.ts'

/** Digests are kept in a ring of this many numbers a lane: the newest of each residue, so at least the newest 1,000. */
export const DIGESTS_KEPT = 1000
/** Beyond this many ranges the lowest holes are closed: what came so late would not be waited for. */
const RANGES_KEPT = 1000
/** Closed numbers of which a late copy is still refused by that name. */
const CLOSURES_KEPT = 1000

/** Why numbers were closed: the sensor said that it will never send them, or there were too many holes to keep. */
export type ClosureKind = 'dropped' | 'lost'

/** Numbers from..to (inclusive) that were entered as seen without ever having come. */
export interface Closure {
  readonly kind: ClosureKind
  readonly from: number
  readonly to: number
  readonly frames: number
  /** The sensor's clock at the batch that brought it about, in seconds. */
  readonly closedSeconds: number
}

/** What is known of a number. A digest is empty where it is too old to be kept. */
export type Known =
  | { readonly kind: 'unseen' }
  | { readonly kind: 'seen'; readonly digest: string }
  | { readonly kind: 'closed' }

/** Holds the state; every method is the whole of one change. */
export class Lane {
  #ranges: SeenRanges = []
  #end: LaneEnd | null = null
  #closures: Closure[] = []
  readonly #digests = new Map<number, { readonly number: number; readonly digest: string }>()
  #kernelDrops = 0

  get ranges(): SeenRanges {
    return this.#ranges
  }

  get end(): LaneEnd | null {
    return this.#end
  }

  /** The newest. */
  get closures(): readonly Closure[] {
    return this.#closures
  }

  get kernelDrops(): number {
    return this.#kernelDrops
  }

  /** Frames of the lane that are known of: those behind its last batch, or what its end says. */
  get capturedFrames(): number {
    return Math.max(this.#ranges.at(-1)?.framesEnd ?? 0, this.#end?.frames ?? 0)
  }

  /** Frames in holes. */
  get gapFrames(): number {
    return this.holes().reduce((sum, { frames }) => sum + frames, 0)
  }

  holes(): Hole[] {
    return holesOf(this.#ranges, this.#end)
  }

  known(number: number): Known {
    if (this.#closures.some(({ from, to }) => from <= number && number <= to)) return { kind: 'closed' }
    if (!hasNumber(this.#ranges, number)) return { kind: 'unseen' }
    const kept = this.#digests.get(number % DIGESTS_KEPT)
    return { kind: 'seen', digest: kept?.number === number ? kept.digest : '' }
  }

  /** Enters a batch that was not seen. Frames before are unknown where the message could not be read. */
  enter(number: number, digest: string, frames: number, framesBefore: number, closedSeconds: number): void {
    const isKnown = framesBefore > 0 || number === 1
    this.#ranges = addEntry(this.#ranges, {
      from: number,
      to: number,
      frames,
      framesBefore: isKnown ? framesBefore : null,
      closedSeconds
    })
    const residue = number % DIGESTS_KEPT
    if ((this.#digests.get(residue)?.number ?? 0) < number) this.#digests.set(residue, { number, digest })
  }

  /** The lane has no number above this one: what is missing up to it is a gap. */
  declareEnd(end: LaneEnd): void {
    if (this.#end === null || end.number > this.#end.number) this.#end = end
  }

  /** The kernel's drops of an epoch only rise. Answers by how much. */
  raiseKernelDrops(kernelDrops: number): number {
    const risen = Math.max(0, kernelDrops - this.#kernelDrops)
    this.#kernelDrops += risen
    return risen
  }

  /**
   * Closes the numbers of from..to that were not seen, and answers how many frames they were: of a hole between two
   * batches what lies between them, else what was declared, by its share of the numbers. One that was seen is ignored.
   */
  closeDropped(from: number, to: number, declaredFrames: number, closedSeconds: number): number {
    const end = { number: Math.max(to, this.#end?.number ?? 0), frames: this.#end?.frames ?? 0 }
    let closed = 0
    for (const hole of holesOf(this.#ranges, end)) {
      const first = Math.max(from, hole.from)
      const last = Math.min(to, hole.to)
      if (first > last) continue
      const isWhole = first === hole.from && last === hole.to
      const isMeasured = isWhole && (hole.untilSeconds !== null || this.#end?.number === last)
      const share = Math.floor((declaredFrames * (last - first + 1)) / (to - from + 1))
      closed += this.#close('dropped', first, last, isMeasured ? hole.frames : share, closedSeconds)
    }
    return closed
  }

  /** Closes the lowest holes between ranges while there are too many ranges, and answers how many frames they were. */
  closeLowest(closedSeconds: number): number {
    let closed = 0
    while (this.#ranges.length > RANGES_KEPT) {
      const [first, second] = this.#ranges
      const frames = Math.max(0, second!.framesBefore - first!.framesEnd)
      closed += this.#close('lost', first!.to + 1, second!.from - 1, frames, closedSeconds)
    }
    return closed
  }

  #close(kind: ClosureKind, from: number, to: number, frames: number, closedSeconds: number): number {
    // Where the lane ends with them, its end says where they begin; else their neighbours do.
    const framesBefore = this.#end?.number === to ? Math.max(0, this.#end.frames - frames) : null
    this.#ranges = addEntry(this.#ranges, { from, to, frames, framesBefore, closedSeconds })
    this.#closures.push({ kind, from, to, frames, closedSeconds })
    this.#closures = this.#closures.slice(-CLOSURES_KEPT)
    return frames
  }
}
