// When each source was last seen in each group: from it the unique sources of every window that ends now follow,
// exactly, without keeping a set a minute.
import { hash4 } from './group-table.ts'

const MIN_PLACES = 4096
/** Words a record: group, IP version, four of the address, last minute. */
const WORDS = 7

/** The newest minute of each (group, source). Minutes are counted from 1970. */
export class RecentSources {
  #records = new Uint32Array(MIN_PLACES * WORDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Notes a source (`words[at..at+3]`, IPv4 in the first) in a group. `ipVersion` is 4 or 6. */
  add(group: number, ipVersion: number, words: Uint32Array, at: number, minute: number): void {
    this.#put(group, ipVersion, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, minute)
    if (this.#size * 2 * WORDS >= this.#records.length) this.#rebuild(this.#records.length * 2, 0)
  }

  /** Forgets sources that were last seen before a minute. */
  forgetBefore(minute: number): void {
    this.#rebuild(this.#records.length, minute)
  }

  forEach(visit: (group: number, lastMinute: number) => void): void {
    const records = this.#records
    for (let at = 0; at < records.length; at += WORDS) {
      if (records[at + 1] !== 0) visit(records[at]!, records[at + 6]!)
    }
  }

  #put(group: number, version: number, w0: number, w1: number, w2: number, w3: number, minute: number): void {
    const records = this.#records
    const places = records.length / WORDS
    let place = hash4(w0, w1 ^ w2, w3, group) & (places - 1)
    for (;;) {
      const at = place * WORDS
      if (records[at + 1] === 0) {
        records[at] = group
        records[at + 1] = version
        records[at + 2] = w0
        records[at + 3] = w1
        records[at + 4] = w2
        records[at + 5] = w3
        records[at + 6] = minute
        this.#size += 1
        return
      }
      const isSame =
        records[at] === group &&
        records[at + 1] === version &&
        records[at + 2] === w0 &&
        records[at + 3] === w1 &&
        records[at + 4] === w2 &&
        records[at + 5] === w3
      if (isSame) {
        if (minute > records[at + 6]!) records[at + 6] = minute
        return
      }
      place = (place + 1) & (places - 1)
    }
  }

  #rebuild(length: number, sinceMinute: number): void {
    const old = this.#records
    this.#records = new Uint32Array(length)
    this.#size = 0
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 1] === 0 || old[at + 6]! < sinceMinute) continue
      const [group, version, w0, w1, w2, w3, minute] = old.subarray(at, at + WORDS)
      this.#put(group!, version!, w0!, w1!, w2!, w3!, minute!)
    }
  }
}
