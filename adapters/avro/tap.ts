// What avsc (5.7.9, pinned) hands to the read and write methods of a type. Its typings leave these out; the methods
// themselves are how avsc's own types are written.

/** A buffer and the next position in it. Reading or writing past the end only moves `pos` beyond it. */
export interface Tap {
  buf: Uint8Array
  pos: number
  readLong(): number
  skipLong(): void
}

/** What avsc makes when a value was written with another schema: its `_read` is called for each such value. */
export interface ColumnResolver {
  _read: (tap: Tap) => unknown
}

/** The value ends early, or one of its counts or lengths cannot be true. */
export class DamagedValueError extends Error {}

/** The value is well formed and holds more than a batch may. */
export class OverBoundsError extends Error {}

/**
 * Reads the header of the next block of an array: 0 ends the array. Every element takes at least one byte, so a count
 * over the bytes that are left is a lie, found before any memory is taken for it.
 */
export function readBlockCount(tap: Tap): number {
  let count = tap.readLong()
  if (count < 0) {
    count = -count
    tap.skipLong()
  }
  if (!(count <= tap.buf.length - tap.pos)) throw new DamagedValueError('array longer than the value')
  return count
}

/**
 * Passes over an array. Blocks that say how long they are, as ours do, cost nothing; of others each element is passed over
 * by `skipElement`. Answers how many elements it says that it has.
 */
export function skipArray(tap: Tap, skipElement: () => void): number {
  let elements = 0
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) {
      const sizeBytes = tap.readLong()
      if (!(sizeBytes >= 0 && sizeBytes <= tap.buf.length - tap.pos)) {
        throw new DamagedValueError('array longer than the value')
      }
      tap.pos += sizeBytes
      elements -= count
      continue
    }
    if (!(count <= tap.buf.length - tap.pos)) throw new DamagedValueError('array longer than the value')
    for (let i = 0; i < count; i++) skipElement()
    elements += count
  }
  return elements
}

/** Room for the count and the size of a block in front of it. */
export const BLOCK_HEAD_BYTES = 10

/**
 * Puts the head of a block in front of its `count` elements, which were written from `start + BLOCK_HEAD_BYTES` to `end`,
 * and the end of the array behind: with its size, so that readers may pass over it (Avro specification, Arrays). Answers the
 * position behind.
 */
export function closeBlock(buf: Uint8Array, start: number, count: number, end: number): number {
  const from = start + BLOCK_HEAD_BYTES
  // What did not fit is not there to be moved: a position behind the buffer has the caller write again into a larger one.
  if (end > buf.length) return end + BLOCK_HEAD_BYTES
  let pos = writeVarint(buf, start, -count)
  pos = writeVarint(buf, pos, end - from)
  buf.copyWithin(pos, from, end)
  return writeVarint(buf, pos + end - from, 0)
}

const TWO_28 = 2 ** 28
/** Zigzag of what is below takes three bytes at most. */
const TWO_20 = 2 ** 20

/** Writes a safe integer as Avro's zigzag varint; half the time of avsc's own where numbers pass 2^30. */
export function writeVarint(buf: Uint8Array, pos: number, value: number): number {
  const zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  let low = zigzag
  if (zigzag >= TWO_28) {
    let high = Math.floor(zigzag / TWO_28)
    low = zigzag - high * TWO_28
    buf[pos] = (low & 0x7f) | 0x80
    buf[pos + 1] = ((low >>> 7) & 0x7f) | 0x80
    buf[pos + 2] = ((low >>> 14) & 0x7f) | 0x80
    buf[pos + 3] = (low >>> 21) | 0x80
    pos += 4
    while (high > 0x7f) {
      buf[pos++] = (high & 0x7f) | 0x80
      high >>>= 7
    }
    buf[pos++] = high
    return pos
  }
  while (low > 0x7f) {
    buf[pos++] = (low & 0x7f) | 0x80
    low >>>= 7
  }
  buf[pos++] = low
  return pos
}

/** Writes the first `length` numbers, each as writeVarint does; one to three bytes are written without a call. */
export function writeVarints(buf: Uint8Array, pos: number, values: Float64Array, length: number): number {
  for (let i = 0; i < length; i++) {
    const value = values[i]!
    if (value >= TWO_20 || value < -TWO_20) {
      pos = writeVarint(buf, pos, value)
      continue
    }
    let zigzag = (value << 1) ^ (value >> 31)
    if (zigzag > 0x7f) {
      buf[pos++] = (zigzag & 0x7f) | 0x80
      zigzag >>>= 7
      if (zigzag > 0x7f) {
        buf[pos++] = (zigzag & 0x7f) | 0x80
        zigzag >>>= 7
      }
    }
    buf[pos++] = zigzag
  }
  return pos
}
