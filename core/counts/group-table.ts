// An open-addressing table of groups with four 32-bit keys. Unlike a plain table of counters it gives each group
// a dense number, by which sources and rows are kept.

const MIN_PLACES = 2048

/** Groups by (a, b, c, d), each 0..2^32-1, and the packets of each. */
export class GroupTable {
  #places = new Uint32Array(MIN_PLACES)
  #keys = new Uint32Array(MIN_PLACES * 2)
  #packets = new Float64Array(MIN_PLACES / 2)
  #size = 0

  /** Groups so far; they are numbered 0..size-1 in order of appearance. */
  get size(): number {
    return this.#size
  }

  /** Adds packets (0 or more) to a group, and answers its number. */
  add(a: number, b: number, c: number, d: number, packets: number): number {
    const keys = this.#keys
    const places = this.#places
    const mask = places.length - 1
    let place = hash4(a, b, c, d) & mask
    for (;;) {
      const group = places[place]! - 1
      if (group < 0) return this.#append(a, b, c, d, packets, place)
      const key = group * 4
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d) {
        this.#packets[group]! += packets
        return group
      }
      place = (place + 1) & mask
    }
  }

  /** One of the four keys of a group: `which` is 0..3. */
  key(group: number, which: number): number {
    return this.#keys[group * 4 + which]!
  }

  packets(group: number): number {
    return this.#packets[group]!
  }

  /** A new table with only the groups that `keeps` answers true for, numbered anew. */
  filtered(keeps: (group: number) => boolean): GroupTable {
    const kept = new GroupTable()
    for (let group = 0; group < this.#size; group++) {
      if (!keeps(group)) continue
      const key = group * 4
      const [a, b, c, d] = [
        this.#keys[key]!,
        this.#keys[key + 1]!,
        this.#keys[key + 2]!,
        this.#keys[key + 3]!
      ]
      kept.add(a, b, c, d, this.#packets[group]!)
    }
    return kept
  }

  #append(a: number, b: number, c: number, d: number, packets: number, place: number): number {
    const group = this.#size
    const key = group * 4
    this.#keys[key] = a
    this.#keys[key + 1] = b
    this.#keys[key + 2] = c
    this.#keys[key + 3] = d
    this.#packets[group] = packets
    this.#places[place] = group + 1
    this.#size += 1
    if (this.#size * 2 === this.#places.length) this.#grow()
    return group
  }

  #grow(): void {
    const places = new Uint32Array(this.#places.length * 2)
    const keys = new Uint32Array(places.length * 2)
    keys.set(this.#keys)
    const packets = new Float64Array(places.length / 2)
    packets.set(this.#packets)
    const mask = places.length - 1
    for (let group = 0; group < this.#size; group++) {
      const key = group * 4
      let place = hash4(keys[key]!, keys[key + 1]!, keys[key + 2]!, keys[key + 3]!) & mask
      while (places[place] !== 0) place = (place + 1) & mask
      places[place] = group + 1
    }
    this.#places = places
    this.#keys = keys
    this.#packets = packets
  }
}

/** Mixes four words (multipliers of MurmurHash3's finaliser, public domain, Austin Appleby). */
export function hash4(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ (a >>> 15), 0x85ebca6b)
  hash = Math.imul(hash ^ b ^ (hash >>> 13), 0xc2b2ae35)
  hash = Math.imul(hash ^ c ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ d ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
