// Cells in the order in which they are written: by section, and by value within it.
import { GroupTable } from '../counts/group-table.ts'

/** Cells of one section of one stretch of time, by their numbers in the table, in order of value. */
export interface OrderedSection {
  readonly when: number
  readonly section: number
  readonly word: number
  readonly cells: readonly number[]
}

/** A value and a place fit into 53 bits. */
const MAX_CELLS = 2 ** 21

/** The sections of a table of (when, section, word, value), in order: of all its cells, or of some. */
export function inSections(table: GroupTable, some?: readonly number[]): OrderedSection[] {
  const sections = new GroupTable()
  const members: number[][] = []
  const count = some?.length ?? table.size
  for (let i = 0; i < count; i++) {
    const cell = some === undefined ? i : some[i]!
    const number = sections.add(table.key(cell, 0), table.key(cell, 1), table.key(cell, 2), 0, 0)
    if (number === members.length) members.push([cell])
    else members[number]!.push(cell)
  }
  const ordered = members.map((cells, number) => ({
    when: sections.key(number, 0),
    section: sections.key(number, 1),
    word: sections.key(number, 2),
    cells: byValue(table, cells)
  }))
  return ordered.sort((a, b) => a.when - b.when || a.section - b.section || a.word - b.word)
}

/** Sorted as numbers of which the low bits are the place: no comparison is a call. */
function byValue(table: GroupTable, cells: readonly number[]): number[] {
  if (cells.length > MAX_CELLS) throw new RangeError(`${cells.length} cells in one section`)
  const keys = Float64Array.from(cells, (cell, place) => table.key(cell, 3) * MAX_CELLS + place).sort()
  return Array.from(keys, (key) => cells[key % MAX_CELLS]!)
}
