// Names of series, each made once and then kept: a flush names as many series as it has packets, and the same ones
// again a second later.
import { GroupTable } from '../counts/group-table.ts'
import { seriesName } from './series.ts'

/** Of the order of all ports within all tags; about 150 bytes each. */
const MAX_NAMES = 1 << 19

/** Numbers series 0, 1, 2 ... and names them. */
export class SeriesNames {
  /** Series by (kind and tag, value): half the time of a Map, whose keys would be numbers over 2^31. */
  #numbers = new GroupTable()
  #names: string[] = []
  readonly #mostNames: number

  /** `mostNames` are kept over a `trim`. */
  constructor(mostNames = MAX_NAMES) {
    this.#mostNames = mostNames
  }

  /** The series' number, good until `trim`. */
  number(kindAndTag: number, value: number): number {
    const number = this.#numbers.add(kindAndTag, value, 0, 0, 0)
    if (number === this.#names.length) this.#names.push(seriesName(kindAndTag, value))
    return number
  }

  /** The name of a series by its number: the same text as seriesName. */
  name(number: number): string {
    return this.#names[number]!
  }

  /** Forgets everything where that is too much to keep: call it where no number is held. */
  trim(): void {
    if (this.#names.length <= this.#mostNames) return
    this.#numbers = new GroupTable()
    this.#names = []
  }
}
