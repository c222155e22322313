// A slice is one window at one place (sensor and vantage, as far as a query tells them apart): the fourth key of a
// group. Places are constant over a batch and windows over long stretches, so a packet pays a comparison.
import { windowEndSeconds, windowStartSeconds } from '../windows/time-zone.ts'
import type { WindowSize } from '../windows/window.ts'

/** Where packets were seen; null where the query does not ask. */
export interface Place {
  readonly sensor: string | null
  readonly vantage: string
}

/** One window at one place. */
export interface Slice {
  readonly place: Place
  /** Null where all time is one window. */
  readonly startSeconds: number | null
}

/** All slices of a query, numbered 0, 1, 2 ... */
export class Slices {
  readonly #size: WindowSize | null
  readonly #zone: string
  readonly #slices: Slice[] = []
  readonly #places = new Map<string, PlaceSlices>()

  /** `size` is null where all time is one window. */
  constructor(size: WindowSize | null, zone: string) {
    this.#size = size
    this.#zone = zone
  }

  /** The slices of one place. */
  at(place: Place): PlaceSlices {
    const key = `${place.vantage}|${place.sensor ?? ''}`
    let slices = this.#places.get(key)
    if (slices === undefined) {
      slices = new PlaceSlices(place, this.#size, this.#zone, this.#slices)
      this.#places.set(key, slices)
    }
    return slices
  }

  slice(number: number): Slice {
    return this.#slices[number]!
  }
}

/** The slices of one place, by time. */
export class PlaceSlices {
  readonly #place: Place
  readonly #size: WindowSize | null
  readonly #zone: string
  readonly #slices: Slice[]
  readonly #numbers = new Map<number | null, number>()
  /** The window of the latest packet: most packets are in the same one as the packet before. */
  #from = Number.POSITIVE_INFINITY
  #to = Number.NEGATIVE_INFINITY
  #number = 0

  constructor(place: Place, size: WindowSize | null, zone: string, slices: Slice[]) {
    this.#place = place
    this.#size = size
    this.#zone = zone
    this.#slices = slices
  }

  /** Number of the slice that holds an instant. */
  numberAt(seconds: number): number {
    if (seconds < this.#from || seconds >= this.#to) this.#moveTo(seconds)
    return this.#number
  }

  #moveTo(seconds: number): void {
    let startSeconds: number | null = null
    if (this.#size === null) {
      this.#from = Number.NEGATIVE_INFINITY
      this.#to = Number.POSITIVE_INFINITY
    } else {
      startSeconds = windowStartSeconds(this.#size, this.#zone, seconds)
      this.#from = startSeconds
      this.#to = windowEndSeconds({ size: this.#size, zone: this.#zone, startSeconds })
    }
    let number = this.#numbers.get(startSeconds)
    if (number === undefined) {
      number = this.#slices.push({ place: this.#place, startSeconds }) - 1
      this.#numbers.set(startSeconds, number)
    }
    this.#number = number
  }
}
