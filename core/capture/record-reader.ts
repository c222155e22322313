/** Reads the packet records of one capture format from a CaptureInput into the frame that it was made with. */
export interface RecordReader {
  /** As CaptureReader.next. */
  next(): boolean
  /** Throws StormpetrelError where what was not used up shows that the input ended too early. */
  checkEnd(): void
}
