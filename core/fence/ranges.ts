// Seen batch numbers of a lane as sorted ranges: one range while nothing is missing, so a lane costs a few bytes.
// They are bounded by the holes in a lane; the fence closes the lowest holes beyond 1,000 ranges (declared losses).

/** Sorted, disjoint, not touching: [from, to, from, to, ...], both ends inclusive. */
export type Ranges = readonly number[]

/** The inverse of formatRanges. Throws RangeError where the text is not what formatRanges writes. */
export function parseRanges(text: string): Ranges {
  const ranges: number[] = []
  for (const part of text === '' ? [] : text.split(',')) {
    const ends = part.split('-').map(Number)
    ranges.push(ends[0]!, ends.at(-1)!)
  }
  if (!isSorted(ranges) || formatRanges(ranges) !== text) throw new RangeError(`'${text}' holds no ranges`)
  return ranges
}

/** Compact text: '1-500,502,504-510'; empty where nothing was seen. */
export function formatRanges(ranges: Ranges): string {
  const parts: string[] = []
  for (let i = 0; i < ranges.length; i += 2) {
    parts.push(ranges[i] === ranges[i + 1] ? `${ranges[i]}` : `${ranges[i]}-${ranges[i + 1]}`)
  }
  return parts.join(',')
}

/** Whether the number was added. */
export function hasNumber(ranges: Ranges, number: number): boolean {
  const at = firstEndingAtOrAfter(ranges, number)
  return at < ranges.length && ranges[at]! <= number
}

/** The ranges with this number in them; the same array where it was there already. */
export function addNumber(ranges: Ranges, number: number): Ranges {
  const at = firstEndingAtOrAfter(ranges, number)
  if (at < ranges.length && ranges[at]! <= number) return ranges
  const touchesBefore = at > 0 && ranges[at - 1] === number - 1
  const touchesAfter = at < ranges.length && ranges[at] === number + 1
  const from = touchesBefore ? ranges[at - 2]! : number
  const to = touchesAfter ? ranges[at + 1]! : number
  const head = ranges.slice(0, touchesBefore ? at - 2 : at)
  return [...head, from, to, ...ranges.slice(touchesAfter ? at + 2 : at)]
}

/** Index of the first range whose end is not below the number; the array's length where there is none. */
function firstEndingAtOrAfter(ranges: Ranges, number: number): number {
  let low = 0
  let high = ranges.length / 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (ranges[2 * middle + 1]! < number) low = middle + 1
    else high = middle
  }
  return 2 * low
}

function isSorted(ranges: Ranges): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i]! > ranges[i + 1]! || (i > 0 && ranges[i]! <= ranges[i - 1]! + 1)) return false
  }
  return true
}
