// The states of many series, a row each, in one array: about a kilobyte a series.
import { HOUR_FACTORS, LAYOUT_VERSION, OWN_START, ROW_LENGTH, WEEKDAY_FACTORS } from './layout.ts'

/** Bytes of one series' state, its version included. */
export const STATE_BYTES = 4 * (ROW_LENGTH + 1)

/** Rows of states; a series is its row's number. */
export class SeriesTable {
  #rows: Float32Array
  #size = 0

  constructor(capacity = 16) {
    this.#rows = new Float32Array(capacity * ROW_LENGTH)
  }

  /** How many series there are. */
  get size(): number {
    return this.#size
  }

  /** All rows, one after another; another array once a series is added. */
  get rows(): Float32Array {
    return this.#rows
  }

  /** Adds a series of which nothing is known, and answers its number. */
  add(): number {
    if ((this.#size + 1) * ROW_LENGTH > this.#rows.length) this.#grow()
    const start = this.#size * ROW_LENGTH
    this.#rows.fill(0, start, start + ROW_LENGTH)
    this.#rows.fill(1, start + HOUR_FACTORS, start + HOUR_FACTORS + 24)
    this.#rows.fill(1, start + WEEKDAY_FACTORS, start + WEEKDAY_FACTORS + 7)
    return this.#size++
  }

  /** A series' state as bytes, little-endian, in memory of their own. */
  write(series: number): Uint8Array {
    const bytes = new Uint8Array(STATE_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, LAYOUT_VERSION, true)
    const start = series * ROW_LENGTH
    for (let i = 0; i < ROW_LENGTH; i++) view.setFloat32(4 + 4 * i, this.#rows[start + i]!, true)
    return bytes
  }

  /**
   * Puts back what `write` gave: a series then goes on as if it had never been away. False, and nothing changed, where
   * the bytes are of another version: such a series is learnt anew.
   */
  read(series: number, bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length !== STATE_BYTES || view.getUint32(0, true) !== LAYOUT_VERSION) return false
    const start = series * ROW_LENGTH
    for (let i = 0; i < ROW_LENGTH; i++) this.#rows[start + i] = view.getFloat32(4 + 4 * i, true)
    return true
  }

  /**
   * As `read`, for a series of its own that begins with the history of another: no surge and no heavy hitter of the other's
   * is its own, nor how many packets a source sends.
   */
  readAsNew(series: number, bytes: Uint8Array): boolean {
    if (!this.read(series, bytes)) return false
    const start = series * ROW_LENGTH
    this.#rows.fill(0, start + OWN_START, start + ROW_LENGTH)
    return true
  }

  #grow(): void {
    const longer = new Float32Array(this.#rows.length * 2 + ROW_LENGTH)
    longer.set(this.#rows)
    this.#rows = longer
  }
}
