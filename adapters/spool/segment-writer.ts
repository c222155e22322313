// Writes records to the newest segment, several with one fsync: while one is under way, what arrives waits for the
// next.
import { type FileHandle, open } from 'node:fs/promises'
import type { RecordMemory } from './record-memory.ts'
import { type Segment, spoolError, syncFolder } from './segment.ts'

/** The most bytes that are written at once; more wait for the next turn. */
const MAX_GROUP_BYTES = 8 * 1024 * 1024

interface Item {
  readonly segment: Segment
  readonly bytes: Buffer
  /** True where `bytes` are the first of their segment. */
  readonly isFirst: boolean
  readonly isSynced: boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** `onFailure` is called once when the disk refuses something: nothing is written after that. */
export class SegmentWriter {
  readonly #folder: string
  readonly #memory: RecordMemory
  readonly #onDurable: () => void
  readonly #onFailure: (error: Error) => void
  #handle: FileHandle | null = null
  #unsynced: Segment | null = null
  /** Bytes in the file of the handle. */
  #writtenBytes = 0
  #queue: Item[] = []
  #running: Promise<void> | null = null
  #failure: Error | null = null

  /** Records are given back to `memory` when they are written. */
  constructor(
    folder: string,
    memory: RecordMemory,
    onDurable: () => void,
    onFailure: (error: Error) => void
  ) {
    this.#folder = folder
    this.#memory = memory
    this.#onDurable = onDurable
    this.#onFailure = onFailure
  }

  /** Ends the segment before it, and makes this one durable with its first record. */
  begin(segment: Segment, state: Buffer): Promise<void> {
    return this.#add(segment, state, true, true)
  }

  /** Resolves when the record outlives a power cut; where `isSynced` is false, when it outlives this process. */
  write(segment: Segment, bytes: Buffer, isSynced: boolean): Promise<void> {
    return this.#add(segment, bytes, false, isSynced)
  }

  /** Resolves when nothing waits to be written. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  /** Writes what waits, makes it durable, and closes the file. */
  async close(): Promise<void> {
    await this.idle()
    const handle = this.#handle
    const isSound = this.#failure === null
    this.#failure ??= new Error('the spool is closed')
    this.#handle = null
    if (handle === null) return
    try {
      if (isSound) await handle.datasync()
    } finally {
      await handle.close()
    }
  }

  #add(segment: Segment, bytes: Buffer, isFirst: boolean, isSynced: boolean): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    segment.sizeBytes += bytes.length
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ segment, bytes, isFirst, isSynced, resolve, reject })
    })
    this.#running ??= this.#drain().finally(() => {
      this.#running = null
    })
    return written
  }

  async #drain(): Promise<void> {
    // What is added in the same turn of the event loop goes with the first group.
    await new Promise(setImmediate)
    while (this.#queue.length > 0 && this.#failure === null) {
      const group = this.#takeGroup()
      try {
        await this.#writeGroup(group)
        for (const { resolve } of group) resolve()
      } catch (error) {
        this.#fail(spoolError(this.#folder, 'written', error), group)
      }
    }
  }

  /** Items of one segment, as many as are written at once. */
  #takeGroup(): Item[] {
    const { segment } = this.#queue[0]!
    let count = 0
    let sizeBytes = 0
    for (const item of this.#queue) {
      if (item.segment !== segment || (count > 0 && sizeBytes + item.bytes.length > MAX_GROUP_BYTES)) break
      count += 1
      sizeBytes += item.bytes.length
    }
    return this.#queue.splice(0, count)
  }

  async #writeGroup(group: readonly Item[]): Promise<void> {
    const { segment, isFirst } = group[0]!
    if (isFirst) await this.#open(segment)
    await this.#writeAll(group.map(({ bytes }) => bytes))
    for (const { bytes } of group) this.#memory.giveBack(bytes)
    this.#unsynced = segment
    if (!group.some(({ isSynced }) => isSynced)) return
    await this.#sync(segment)
    if (isFirst) await syncFolder(this.#folder)
    this.#onDurable()
  }

  async #writeAll(parts: readonly Buffer[]): Promise<void> {
    const handle = this.#handle!
    for (let rest = parts; rest.length > 0; ) {
      const { bytesWritten } = rest.length === 1 ? await handle.write(rest[0]!) : await handle.writev(rest)
      this.#writtenBytes += bytesWritten
      rest = behind(rest, bytesWritten)
    }
  }

  async #open(segment: Segment): Promise<void> {
    const before = this.#handle
    if (before !== null) {
      if (this.#unsynced !== null) await this.#sync(this.#unsynced)
      this.#handle = null
      await before.close()
    }
    this.#handle = await open(segment.path, 'ax')
    this.#writtenBytes = 0
  }

  async #sync(segment: Segment): Promise<void> {
    await this.#handle!.datasync()
    segment.durableBytes = this.#writtenBytes
    this.#unsynced = null
  }

  #fail(error: Error, group: readonly Item[]): void {
    this.#failure = error
    const waiting = [...group, ...this.#queue]
    this.#queue = []
    for (const { reject } of waiting) reject(error)
    this.#onFailure(error)
  }
}

/** What of the parts comes after so many bytes; the disk may take fewer than it was given. */
function behind(parts: readonly Buffer[], bytes: number): Buffer[] {
  const rest: Buffer[] = []
  let at = 0
  for (const part of parts) {
    if (at + part.length > bytes) rest.push(part.subarray(Math.max(0, bytes - at)))
    at += part.length
  }
  return rest
}
