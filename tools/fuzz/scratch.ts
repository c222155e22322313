// The memory in which inputs are made: nothing is allocated for one.
import type { Input } from './target.ts'

/** Bytes before an input, so that a read before its start finds something. */
export const MARGIN_BYTES = 16

/** One input under construction, at bytes[start..end). What is behind `end` is left from others: nobody may read it. */
export class Scratch {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start = MARGIN_BYTES
  end = MARGIN_BYTES
  detail = 0

  constructor(memory: Uint8Array) {
    this.bytes = memory
    this.view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
    this.bytes.fill(0x45, 0, MARGIN_BYTES)
  }

  get length(): number {
    return this.end - this.start
  }

  /** Bytes that may still be added. */
  get room(): number {
    return this.bytes.length - this.end
  }

  load(input: Input): void {
    this.detail = input.detail
    this.end = this.start + Math.min(input.bytes.length, this.bytes.length - this.start)
    // Short inputs are the rule, and for them a loop is faster than `set`.
    const { bytes } = input
    const { start, end } = this
    for (let i = 0; i < end - start; i++) this.bytes[start + i] = bytes[i]!
  }

  /** A copy that lasts. */
  save(): Input {
    return { detail: this.detail, bytes: Uint8Array.from(this.bytes.subarray(this.start, this.end)) }
  }

  /** Adds bytes at the end, as many as there is room for. */
  append(bytes: Uint8Array): void {
    const count = Math.min(bytes.length, this.room)
    this.bytes.set(count === bytes.length ? bytes : bytes.subarray(0, count), this.end)
    this.end += count
  }

  /** Makes room for `count` bytes at `at`, if there is as much; they hold what was there. */
  open(at: number, count: number): boolean {
    if (count > this.room) return false
    this.bytes.copyWithin(at + count, at, this.end)
    this.end += count
    return true
  }

  /** Takes out bytes[at..at + count), as far as they are there. */
  close(at: number, count: number): void {
    const to = Math.min(this.end, at + count)
    this.bytes.copyWithin(at, to, this.end)
    this.end -= to - at
  }
}
