// Counts of numbered series by minute, and what becomes of them by hour and by day. Flat arrays between the steps:
// each cell is hashed once a step, and named by its number.
import { CellTable } from './cell-table.ts'

/** Cells: packets[i] of series[i] in the window that first[i] stands for. */
export interface SeriesCounts {
  readonly first: Uint32Array
  readonly series: Uint32Array
  readonly packets: Float64Array
}

/** Counts whose `first` is an index in `starts`, in seconds: no start itself, since a day may begin before 1970. */
export interface RolledUp {
  readonly counts: SeriesCounts
  readonly starts: readonly number[]
}

/** The cells of a table of (first, kind and tag, value), their series numbered. */
export function numbered(
  table: CellTable,
  numberOf: (kindAndTag: number, value: number) => number
): SeriesCounts {
  const counts = emptyCounts(table.size)
  let at = 0
  table.forEach((first, kindAndTag, value, packets) => {
    counts.first[at] = first
    counts.series[at] = numberOf(kindAndTag, value)
    counts.packets[at] = packets
    at += 1
  })
  return counts
}

/** Adds cells up by another start, in seconds; the start of each `first` is asked for once. */
export function rollUp(counts: SeriesCounts, startSecondsOf: (first: number) => number): RolledUp {
  const table = new CellTable(counts.first.length * 2)
  const starts: number[] = []
  const indexOfStart = new Map<number, number>()
  const indexOfFirst = new Map<number, number>()
  for (let at = 0; at < counts.first.length; at++) {
    const first = counts.first[at]!
    let index = indexOfFirst.get(first)
    if (index === undefined) {
      const start = startSecondsOf(first)
      index = indexOfStart.get(start) ?? starts.push(start) - 1
      indexOfStart.set(start, index)
      indexOfFirst.set(first, index)
    }
    table.add(index, counts.series[at]!, 0, counts.packets[at]!)
  }
  return { counts: cellsOf(table), starts }
}

/** Cells of several, equal ones added up. */
export function sumCounts(parts: readonly SeriesCounts[]): SeriesCounts {
  const table = new CellTable()
  for (const { first, series, packets } of parts) {
    for (let at = 0; at < first.length; at++) table.add(first[at]!, series[at]!, 0, packets[at]!)
  }
  return cellsOf(table)
}

function cellsOf(table: CellTable): SeriesCounts {
  return numbered(table, (series) => series)
}

function emptyCounts(cells: number): SeriesCounts {
  return {
    first: new Uint32Array(cells),
    series: new Uint32Array(cells),
    packets: new Float64Array(cells)
  }
}
