// One interface of a pcapng section: what its packets are, and how its clock counts.

/** What an interface description block says that a reader of packets needs. */
export interface InterfaceDescription {
  /** LINKTYPE_ number. */
  readonly linkType: number
  /** 0 means no limit. */
  readonly snapLengthBytes: number
  /** The byte of if_tsresol: a power of ten, or of two where the highest bit is set. 6 where the option is absent. */
  readonly timeResolution: number
  /** Seconds of if_tsoffset, added to every time. */
  readonly timeOffsetSeconds: number
}

/** Units up to which double arithmetic on (remainder of the high word) * 1e9 or + low word is exact. */
const MAX_FAST_DECIMAL_EXPONENT = 11
const MAX_FAST_BINARY_EXPONENT = 23

/**
 * An interface with its clock. `setTime` takes the two halves of a 64-bit timestamp and leaves `seconds` and
 * `nanoseconds`, exact to the nanosecond (finer units are cut off). 64-bit division is done once for each value of
 * the high half; the rest is exact in doubles.
 */
export class PcapngInterface {
  readonly linkType: number
  readonly snapLengthBytes: number
  seconds = 0
  nanoseconds = 0
  readonly #isFast: boolean
  readonly #unitsPerSecond: number
  readonly #exactUnitsPerSecond: bigint
  readonly #offsetSeconds: number
  /** Nanoseconds of a unit, for decimal units of a nanosecond or longer; units of a nanosecond for shorter ones. */
  readonly #nanosecondsPerUnit: number
  #high = -1
  #highSeconds = 0
  #highRemainder = 0

  constructor(description: InterfaceDescription) {
    this.linkType = description.linkType
    this.snapLengthBytes = description.snapLengthBytes
    this.#offsetSeconds = description.timeOffsetSeconds
    const exponent = description.timeResolution & 0x7f
    const isBinary = description.timeResolution > 0x7f
    this.#exactUnitsPerSecond = (isBinary ? 2n : 10n) ** BigInt(exponent)
    this.#unitsPerSecond = Number(this.#exactUnitsPerSecond)
    this.#nanosecondsPerUnit = 1e9 / this.#unitsPerSecond
    this.#isFast = exponent <= (isBinary ? MAX_FAST_BINARY_EXPONENT : MAX_FAST_DECIMAL_EXPONENT)
  }

  setTime(high: number, low: number): void {
    if (!this.#isFast) {
      this.#setTimeExactly(high, low)
      return
    }
    if (high !== this.#high) this.#setHigh(high)
    const units = this.#highRemainder + low
    const seconds = Math.floor(units / this.#unitsPerSecond)
    const rest = units - seconds * this.#unitsPerSecond
    this.seconds = this.#highSeconds + seconds
    this.nanoseconds = this.#toNanoseconds(rest)
  }

  #toNanoseconds(rest: number): number {
    // The product with 1e9 is below 2^53 for every binary unit that is fast; decimal units divide or multiply evenly.
    if (this.#nanosecondsPerUnit >= 1 && Number.isInteger(this.#nanosecondsPerUnit))
      return rest * this.#nanosecondsPerUnit
    if (this.#unitsPerSecond > 1e9) return Math.floor(rest / (this.#unitsPerSecond / 1e9))
    return Math.floor((rest * 1e9) / this.#unitsPerSecond)
  }

  #setHigh(high: number): void {
    const units = BigInt(high) << 32n
    this.#high = high
    this.#highSeconds = Number(units / this.#exactUnitsPerSecond) + this.#offsetSeconds
    this.#highRemainder = Number(units % this.#exactUnitsPerSecond)
  }

  #setTimeExactly(high: number, low: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low)
    const rest = units % this.#exactUnitsPerSecond
    this.seconds = Number(units / this.#exactUnitsPerSecond) + this.#offsetSeconds
    this.nanoseconds = Number((rest * 1_000_000_000n) / this.#exactUnitsPerSecond)
  }
}
