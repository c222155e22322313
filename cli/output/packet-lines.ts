// `tag`'s records: one for each frame of a capture, in the order of frames, in any format, in constant memory.
import type { EnrichedBatch } from '../../core/batch/enriched-batch.ts'
import type { Format } from './format.ts'
import { PACKET_FIELDS, packetValues, rejectedValues } from './packet-fields.ts'
import { PacketJson } from './packet-json.ts'
import type { Sink } from './sink.ts'
import { csvLine, type TableColumn, tableLine, type Value } from './text.ts'

/** A frame that became no packet; given in the order of frames. */
export interface RejectedLine {
  /** 1-based in its file. */
  readonly frame: number
  readonly reason: string
}

const BUFFER_BYTES = 1 << 17

/** Texts among the columns of a table, and how wide they usually are; the rest are numbers. */
const TEXT_WIDTHS: ReadonlyMap<string, number> = new Map([
  ['file', 0],
  ['timestamp', 30],
  ['src', 15],
  ['dst', 15],
  ['tags', 20],
  ['region', 6],
  ['rejected', 8]
])
const NUMBER_WIDTHS: ReadonlyMap<string, number> = new Map([
  ['frame', 7],
  ['tcp_seq', 10]
])

/** A table's columns cannot wait for all lines: usual values fit, and the longest of `files`. */
function tableColumns(files: readonly string[]): TableColumn[] {
  const longestFile = Math.max(...files.map((file) => file.length), 0)
  return PACKET_FIELDS.map((field) => {
    const usual = TEXT_WIDTHS.get(field) ?? NUMBER_WIDTHS.get(field) ?? 0
    const width = Math.max(field.length, field === 'file' ? longestFile : usual)
    return { width, isNumeric: !TEXT_WIDTHS.has(field) }
  })
}

/** Prints batches as they come. `start`, then `add` for each batch, then `end`. */
export class PacketLines {
  readonly #sink: Sink
  readonly #format: Format
  readonly #columns: readonly TableColumn[]
  readonly #json = new PacketJson()
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #view = viewOf(this.#buffer)
  #at = 0
  #isFirst = true

  /** `files` are those whose packets will come; a table is as wide as their names need. */
  constructor(format: Format, sink: Sink, files: readonly string[]) {
    this.#columns = tableColumns(files)
    this.#format = format
    this.#sink = sink
  }

  async start(): Promise<void> {
    if (this.#format === 'json') await this.#sink.write('[')
    if (this.#format === 'csv') await this.#sink.write(csvLine(PACKET_FIELDS))
    if (this.#format === 'table') await this.#sink.write(tableLine(PACKET_FIELDS, this.#columns))
  }

  /** Prints a batch's packets and rejected frames; the batch is free again when this has resolved. */
  async add(batch: EnrichedBatch, rejected: readonly RejectedLine[]): Promise<void> {
    const { packets, file } = batch
    const isJson = this.#format === 'json' || this.#format === 'ndjson'
    const lineBytes = isJson ? this.#json.setFile(file) : 0
    let row = 0
    let next = 0
    while (row < packets.length || next < rejected.length) {
      const isRejected =
        next < rejected.length && (row === packets.length || rejected[next]!.frame < packets.frame[row]!)
      if (isJson) {
        if (this.#at + lineBytes > this.#buffer.length) await this.#flush(lineBytes)
        if (isRejected) this.#putRejectedJson(rejected[next]!)
        else this.#putPacketJson(packets, row)
      } else {
        const values = isRejected
          ? rejectedValues(file, rejected[next]!.frame, rejected[next]!.reason)
          : packetValues(file, packets, row)
        await this.#putText(values)
      }
      if (isRejected) next += 1
      else row += 1
    }
    // What a damaged file held before the damage is out before its error is.
    await this.#flush(0)
  }

  async end(): Promise<void> {
    if (this.#format === 'json') await this.#sink.write(this.#isFirst ? ']\n' : '\n]\n')
  }

  #putPacketJson(packets: EnrichedBatch['packets'], row: number): void {
    this.#putSeparator()
    this.#at = this.#json.putPacket(this.#view, this.#at, packets, row)
    this.#putEnd()
  }

  #putRejectedJson({ frame, reason }: RejectedLine): void {
    this.#putSeparator()
    this.#at = this.#json.putRejected(this.#view, this.#at, frame, reason)
    this.#putEnd()
  }

  /** In JSON a comma and a line's end go before each record but the first, which has the line's end alone. */
  #putSeparator(): void {
    if (this.#format !== 'json') return
    if (!this.#isFirst) this.#buffer[this.#at++] = 0x2c
    this.#buffer[this.#at++] = 0x0a
    this.#isFirst = false
  }

  #putEnd(): void {
    if (this.#format === 'ndjson') this.#buffer[this.#at++] = 0x0a
  }

  async #putText(values: readonly Value[]): Promise<void> {
    const line = this.#format === 'csv' ? csvLine(values) : tableLine(values, this.#columns)
    const most = line.length * 3
    if (this.#at + most > this.#buffer.length) await this.#flush(most)
    this.#at += this.#buffer.write(line, this.#at)
  }

  /** Empties the buffer, and makes room for a line of so many bytes. */
  async #flush(lineBytes: number): Promise<void> {
    if (this.#at > 0) await this.#sink.write(this.#buffer.subarray(0, this.#at))
    this.#at = 0
    if (lineBytes > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafe(lineBytes * 2)
      this.#view = viewOf(this.#buffer)
    }
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
