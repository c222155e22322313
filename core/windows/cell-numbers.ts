// Numbers cells 0, 1, 2 ... in order of appearance, so that what is known of a cell lies in arrays.
import { hash3 } from './cell-table.ts'

const FIRST_PLACES = 64

/** Cells by (section, word, value), each 0..2^32-1. Grows as needed; `clear` keeps the memory. */
export class CellNumbers {
  /** A cell's number and 1; 0 marks a free place. */
  #places = new Uint32Array(FIRST_PLACES)
  #keys = new Uint32Array((FIRST_PLACES / 2) * 3)
  #size = 0

  /** Cells so far. */
  get size(): number {
    return this.#size
  }

  /** The cell's number: `size` before this call where it is new. */
  add(section: number, word: number, value: number): number {
    const keys = this.#keys
    const places = this.#places
    const mask = places.length - 1
    let place = hash3(section, word, value) & mask
    for (;;) {
      const number = places[place]! - 1
      if (number < 0) return this.#append(section, word, value, place)
      const key = number * 3
      if (keys[key + 2] === value && keys[key + 1] === word && keys[key] === section) return number
      place = (place + 1) & mask
    }
  }

  section(number: number): number {
    return this.#keys[number * 3]!
  }

  word(number: number): number {
    return this.#keys[number * 3 + 1]!
  }

  value(number: number): number {
    return this.#keys[number * 3 + 2]!
  }

  clear(): void {
    if (this.#size === 0) return
    this.#places.fill(0)
    this.#size = 0
  }

  /** The cells of each section, in order of section and word, and of value in it. */
  inOrder(): OrderedCells[] {
    const sections = new Map<number, number[]>()
    for (let number = 0; number < this.#size; number++) {
      const key = this.section(number) * 2 ** 32 + this.word(number)
      const cells = sections.get(key)
      if (cells === undefined) sections.set(key, [number])
      else cells.push(number)
    }
    return [...sections]
      .sort(([a], [b]) => a - b)
      .map(([, cells]) => ({
        section: this.section(cells[0]!),
        word: this.word(cells[0]!),
        cells: inOrderOfValue(cells, (number) => this.value(number))
      }))
  }

  #append(section: number, word: number, value: number, place: number): number {
    const number = this.#size
    this.#keys[number * 3] = section
    this.#keys[number * 3 + 1] = word
    this.#keys[number * 3 + 2] = value
    this.#places[place] = number + 1
    this.#size += 1
    if (this.#size * 2 === this.#places.length) this.#grow()
    return number
  }

  #grow(): void {
    const keys = new Uint32Array(this.#keys.length * 2)
    keys.set(this.#keys)
    const places = new Uint32Array(this.#places.length * 2)
    const mask = places.length - 1
    for (let number = 0; number < this.#size; number++) {
      const key = number * 3
      let place = hash3(keys[key]!, keys[key + 1]!, keys[key + 2]!) & mask
      while (places[place] !== 0) place = (place + 1) & mask
      places[place] = number + 1
    }
    this.#keys = keys
    this.#places = places
  }
}

/** Cells of one section, in order of value. */
export interface OrderedCells {
  readonly section: number
  readonly word: number
  readonly cells: readonly number[]
}

/** A value and a place fit into 53 bits. */
const MAX_CELLS = 2 ** 21

/** Sorted as numbers of which the low bits are the place: no comparison is a call. At most 2^21 cells. */
export function inOrderOfValue(cells: readonly number[], valueOfCell: (cell: number) => number): number[] {
  if (cells.length > MAX_CELLS) throw new RangeError(`${cells.length} cells in one section`)
  const keys = Float64Array.from(cells, (cell, place) => valueOfCell(cell) * MAX_CELLS + place).sort()
  return Array.from(keys, (key) => cells[key % MAX_CELLS]!)
}
