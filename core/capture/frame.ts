// What a capture reader hands on: one frame at a time, as a view that is overwritten by the next.

/** One frame of a capture. The reader reuses the object: copy what must outlive the next call of `next`. */
export interface Frame {
  /** 1-based number of the packet record in its file, as capinfos counts (non-packet blocks have none). */
  number: number
  /**
   * Seconds since 1970 UTC as the file says, sub-second overflow carried in; may lie outside 32 bits or be negative.
   */
  seconds: number
  /** 0..999,999,999. */
  nanoseconds: number
  /** LINKTYPE_ number of the interface that captured it (https://www.tcpdump.org/linktypes.html). */
  linkType: number
  /** The captured bytes are bytes[start..end). */
  bytes: Uint8Array
  start: number
  end: number
  /** Length on the wire. */
  wireLengthBytes: number
}

/**
 * Reads a capture from chunks of any size in constant memory: `push` a chunk, then call `next` until it is false,
 * and so on; `finish` at the end of the input.
 */
export interface CaptureReader {
  readonly frame: Frame
  push(chunk: Uint8Array): void
  /**
   * True where `frame` now holds the next frame. Throws StormpetrelError, naming the offset, at damage: all frames
   * before it were given.
   */
  next(): boolean
  /** Throws StormpetrelError where the input ended inside a record. */
  finish(): void
}
