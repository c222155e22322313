// Seen batch numbers of a lane as sorted ranges, each with the frames that it spans: one range while nothing is
// missing, so a lane costs a few bytes, and what lies between two ranges is a gap whose size is known.

/**
 * Numbers from..to (both inclusive) were seen. Frames of the lane are numbered too: the range's first one comes after
 * `framesBefore` frames, and `framesEnd` frames are behind its last. `firstClosedSeconds` and `lastClosedSeconds` are
 * the sensor's clock when its first and last batch were closed, in seconds since 1970.
 */
export interface SeenRange {
  readonly from: number
  readonly to: number
  readonly framesBefore: number
  readonly framesEnd: number
  readonly firstClosedSeconds: number
  readonly lastClosedSeconds: number
}

/** Sorted, disjoint, not touching. */
export type SeenRanges = readonly SeenRange[]

/** What is to be entered: one batch, or numbers that will never come. */
export interface Entry {
  readonly from: number
  readonly to: number
  readonly frames: number
  /** Null where nobody said: then the neighbours do. */
  readonly framesBefore: number | null
  readonly closedSeconds: number
}

/** Numbers between two ranges, before the first, or up to the lane's end: nothing was heard of them. */
export interface Hole {
  readonly from: number
  readonly to: number
  /** The next range's frames-before minus the end of the last one: never a remainder. */
  readonly frames: number
  /** When the batch before was closed; 0 where there is none. */
  readonly sinceSeconds: number
  /** When the batch behind was closed; null where there is none yet. */
  readonly untilSeconds: number | null
}

/** Where a lane ends: its last number and its frames. */
export interface LaneEnd {
  readonly number: number
  readonly frames: number
}

const RANGE = /^(\d+)-(\d+):(\d+)-(\d+):(\d+)-(\d+)$/

/** The inverse of formatRanges. Throws RangeError where the text is not what formatRanges writes. */
export function parseRanges(text: string): SeenRanges {
  const ranges = (text === '' ? [] : text.split(',')).map((part) => {
    const [from, to, framesBefore, framesEnd, firstClosedSeconds, lastClosedSeconds] = (
      RANGE.exec(part) ?? []
    )
      .slice(1)
      .map(Number)
    return { from, to, framesBefore, framesEnd, firstClosedSeconds, lastClosedSeconds } as SeenRange
  })
  if (!isSorted(ranges) || formatRanges(ranges) !== text) throw new RangeError(`'${text}' holds no ranges`)
  return ranges
}

/** Compact text: '1-500:0-120000:1700000000-1700000500,502-502:...'; empty where nothing was seen. */
export function formatRanges(ranges: SeenRanges): string {
  return ranges
    .map(
      ({ from, to, framesBefore, framesEnd, firstClosedSeconds, lastClosedSeconds }) =>
        `${from}-${to}:${framesBefore}-${framesEnd}:${firstClosedSeconds}-${lastClosedSeconds}`
    )
    .join(',')
}

/** Whether the number was entered. */
export function hasNumber(ranges: SeenRanges, number: number): boolean {
  const range = ranges[firstEndingAtOrAfter(ranges, number)]
  return range !== undefined && range.from <= number
}

/** The ranges with these numbers in them; none of them may be there already. */
export function addEntry(ranges: SeenRanges, entry: Entry): SeenRanges {
  const at = firstEndingAtOrAfter(ranges, entry.from)
  const before = ranges[at - 1]
  const after = ranges[at]
  const touchesBefore = before !== undefined && before.to === entry.from - 1
  const touchesAfter = after !== undefined && after.from === entry.to + 1
  const framesBefore = startOf(entry, before, touchesBefore, touchesAfter ? after : undefined)
  const framesEnd = framesBefore + entry.frames
  const joined: SeenRange = {
    from: touchesBefore ? before.from : entry.from,
    to: touchesAfter ? after.to : entry.to,
    framesBefore: touchesBefore ? before.framesBefore : framesBefore,
    framesEnd: touchesAfter ? Math.max(after.framesEnd, framesEnd) : framesEnd,
    firstClosedSeconds: touchesBefore ? before.firstClosedSeconds : entry.closedSeconds,
    lastClosedSeconds: touchesAfter ? after.lastClosedSeconds : entry.closedSeconds
  }
  return [
    ...ranges.slice(0, touchesBefore ? at - 1 : at),
    joined,
    ...ranges.slice(touchesAfter ? at + 1 : at)
  ]
}

/** Frames before an entry. A sensor that says more than its batches hold is taken at its word: the ledger shows it. */
function startOf(
  { frames, framesBefore }: Entry,
  before: SeenRange | undefined,
  touchesBefore: boolean,
  touched: SeenRange | undefined
): number {
  const least = before?.framesEnd ?? 0
  if (framesBefore !== null) return touchesBefore ? Math.max(framesBefore, least) : framesBefore
  return touchesBefore || touched === undefined ? least : Math.max(0, touched.framesBefore - frames)
}

/** What is missing, in order. `end` null where the lane may go on. */
export function holesOf(ranges: SeenRanges, end: LaneEnd | null): Hole[] {
  const holes: Hole[] = []
  let number = 0
  let frames = 0
  let sinceSeconds = 0
  for (const range of ranges) {
    if (range.from > number + 1) {
      const size = Math.max(0, range.framesBefore - frames)
      const untilSeconds = range.firstClosedSeconds
      holes.push({ from: number + 1, to: range.from - 1, frames: size, sinceSeconds, untilSeconds })
    }
    number = range.to
    frames = range.framesEnd
    sinceSeconds = range.lastClosedSeconds
  }
  if (end !== null && end.number > number) {
    const size = Math.max(0, end.frames - frames)
    holes.push({ from: number + 1, to: end.number, frames: size, sinceSeconds, untilSeconds: null })
  }
  return holes
}

/** Index of the first range whose end is not below the number; the array's length where there is none. */
function firstEndingAtOrAfter(ranges: SeenRanges, number: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ranges[middle]!.to < number) low = middle + 1
    else high = middle
  }
  return low
}

function isSorted(ranges: SeenRanges): boolean {
  let last = -1
  for (const { from, to } of ranges) {
    if (!(from <= to && from > last + (last < 0 ? 0 : 1))) return false
    last = to
  }
  return true
}
