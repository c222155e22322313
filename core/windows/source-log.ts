// Sources by series in the order in which they come, as numbers in typed arrays: a source of ten series costs ten
// entries and no object. Sorted by series once, at the end.
import { GroupTable } from '../counts/group-table.ts'

const FIRST_ENTRIES = 4096

/** The sources of one IP version of one series. */
export interface LoggedSeries {
  readonly when: number
  readonly kindAndTag: number
  readonly value: number
  readonly ipVersion: 4 | 6
  /** One word an IPv4 address, four an IPv6 address. */
  readonly words: Uint32Array
}

/** `startSource`, then `add` for each of its series; `take` gives everything and forgets it. */
export class SourceLog {
  /** Series by (when, kind and tag, value, IP version); their packets are sources. */
  #series = new GroupTable()
  /** Pairs of a series' number and a source's. */
  #entries = new Uint32Array(FIRST_ENTRIES * 2)
  #entriesEnd = 0
  /** Four words a source. */
  #sources = new Uint32Array(FIRST_ENTRIES * 4)
  #sourcesEnd = 0
  #ipVersion: 4 | 6 = 4

  /** The source of the series that follow: four words at src[at]. */
  startSource(src: Uint32Array, at: number, ipVersion: number): void {
    if (this.#sourcesEnd === this.#sources.length) this.#sources = doubled(this.#sources)
    const sources = this.#sources
    for (let i = 0; i < 4; i++) sources[this.#sourcesEnd + i] = src[at + i]!
    this.#sourcesEnd += 4
    this.#ipVersion = ipVersion === 4 ? 4 : 6
  }

  /** The source is one of this series. */
  add(when: number, kindAndTag: number, value: number): void {
    if (this.#entriesEnd === this.#entries.length) this.#entries = doubled(this.#entries)
    this.#entries[this.#entriesEnd] = this.#series.add(when, kindAndTag, value, this.#ipVersion, 1)
    this.#entries[this.#entriesEnd + 1] = this.#sourcesEnd - 4
    this.#entriesEnd += 2
  }

  /** Every series with its sources, in the order in which they came. */
  take(): LoggedSeries[] {
    const series = this.#series
    const ends = new Uint32Array(series.size)
    let total = 0
    for (let number = 0; number < series.size; number++) {
      ends[number] = total
      total += series.packets(number) * wordsOf(series, number)
    }
    const words = new Uint32Array(total)
    this.#sort(words, ends)
    const logged: LoggedSeries[] = []
    for (let number = 0, start = 0; number < series.size; number++) {
      logged.push({
        when: series.key(number, 0),
        kindAndTag: series.key(number, 1),
        value: series.key(number, 2),
        ipVersion: series.key(number, 3) === 4 ? 4 : 6,
        words: words.subarray(start, ends[number])
      })
      start = ends[number]!
    }
    this.clear()
    return logged
  }

  clear(): void {
    if (this.#entriesEnd > 0) this.#series = new GroupTable()
    this.#entriesEnd = 0
    this.#sourcesEnd = 0
  }

  /** Puts each source behind the others of its series; `ends` are the starts of the series, and then their ends. */
  #sort(words: Uint32Array, ends: Uint32Array): void {
    const entries = this.#entries
    const sources = this.#sources
    for (let at = 0; at < this.#entriesEnd; at += 2) {
      const number = entries[at]!
      const source = entries[at + 1]!
      const width = wordsOf(this.#series, number)
      for (let i = 0; i < width; i++) words[ends[number]! + i] = sources[source + i]!
      ends[number]! += width
    }
  }
}

function wordsOf(series: GroupTable, number: number): number {
  return series.key(number, 3) === 4 ? 1 : 4
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(words.length * 2)
  longer.set(words)
  return longer
}
