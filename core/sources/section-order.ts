// Cells in the order in which they are written: by section, and by value within it.
import { GroupTable } from '../counts/group-table.ts'
import { inOrderOfValue } from '../windows/cell-numbers.ts'

/** Cells of one section of one stretch of time, by their numbers in the table, in order of value. */
export interface OrderedSection {
  readonly when: number
  readonly section: number
  readonly word: number
  readonly cells: readonly number[]
}

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
    cells: inOrderOfValue(cells, (cell) => table.key(cell, 3))
  }))
  return ordered.sort((a, b) => a.when - b.when || a.section - b.section || a.word - b.word)
}
