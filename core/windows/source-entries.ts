// Sources by series in the order in which they come, as numbers in typed arrays: a source of ten series costs ten
// entries and no object. Sorted by series once, at the end.
import { GroupTable } from '../counts/group-table.ts'
import { registerOf } from '../sources/hyperloglog.ts'
import { type Hash64, hash4, hash16 } from '../sources/murmur64a.ts'
import { SourceLogWriter } from '../sources/source-log.ts'

const FIRST_ENTRIES = 4096

const hash: Hash64 = { high: 0, low: 0 }

/** `startSource`, then `add` for each of its series; `take` gives everything and forgets it. */
export class SourceEntries {
  /** Series by (when, kind and tag, value); their packets are sources. */
  #series = new GroupTable()
  /** Pairs of a series' number and a register. */
  #entries = new Uint32Array(FIRST_ENTRIES * 2)
  #end = 0
  #register = 0
  readonly #writer = new SourceLogWriter()

  /** The source of the series that follow: four words at src[at]. */
  startSource(src: Uint32Array, at: number, ipVersion: number): void {
    if (ipVersion === 4) hash4(src[at]!, hash)
    else hash16(src[at]!, src[at + 1]!, src[at + 2]!, src[at + 3]!, hash)
    this.#register = registerOf(hash)
  }

  /** The source is one of this series. */
  add(when: number, kindAndTag: number, value: number): void {
    if (this.#end === this.#entries.length) this.#entries = doubled(this.#entries)
    this.#entries[this.#end] = this.#series.add(when, kindAndTag, value, 0, 1)
    this.#entries[this.#end + 1] = this.#register
    this.#end += 2
  }

  /** The log of each `when`. */
  take(): Map<number, Uint8Array> {
    const series = this.#series
    const registers = new Uint32Array(this.#end / 2)
    const starts = this.#sort(registers)
    const whens = new Map<number, number[]>()
    for (let number = 0; number < series.size; number++) {
      const when = series.key(number, 0)
      const own = whens.get(when)
      if (own === undefined) whens.set(when, [number])
      else own.push(number)
    }
    const logs = new Map<number, Uint8Array>()
    for (const [when, numbers] of whens) {
      for (const number of numbers) {
        const count = series.packets(number)
        this.#writer.startSeries(series.key(number, 1), series.key(number, 2), count)
        const start = starts[number]!
        for (let i = start; i < start + count; i++) this.#writer.add(registers[i]!)
      }
      logs.set(when, this.#writer.finish())
    }
    this.clear()
    return logs
  }

  clear(): void {
    if (this.#end > 0) this.#series = new GroupTable()
    this.#end = 0
  }

  /** Puts the registers of each series behind each other; answers where those of each begin. */
  #sort(registers: Uint32Array): Uint32Array {
    const series = this.#series
    const starts = new Uint32Array(series.size)
    let total = 0
    for (let number = 0; number < series.size; number++) {
      starts[number] = total
      total += series.packets(number)
    }
    const next = starts.slice()
    const entries = this.#entries
    for (let at = 0; at < this.#end; at += 2) registers[next[entries[at]!]!++] = entries[at + 1]!
    return starts
  }
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(words.length * 2)
  longer.set(words)
  return longer
}
