// Builds captures byte by byte for tests, without the code under test.

type Order = 'little' | 'big'

export function u16(value: number, order: Order): Buffer {
  const bytes = Buffer.alloc(2)
  if (order === 'little') bytes.writeUInt16LE(value)
  else bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number, order: Order): Buffer {
  const bytes = Buffer.alloc(4)
  if (order === 'little') bytes.writeUInt32LE(value)
  else bytes.writeUInt32BE(value)
  return bytes
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}

/** `data` with bytes 0, 1, 2 ... so that a shifted view shows. */
export function countingBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => index & 0xff))
}

export interface PcapOptions {
  readonly order?: Order
  readonly magic?: number
  readonly version?: readonly [number, number]
  readonly linkType?: number
  readonly snapLength?: number
}

export function pcapHeader(options: PcapOptions = {}): Buffer {
  const order = options.order ?? 'little'
  const [major, minor] = options.version ?? [2, 4]
  return Buffer.concat([
    u32(options.magic ?? 0xa1b2c3d4, order),
    u16(major, order),
    u16(minor, order),
    Buffer.alloc(8),
    u32(options.snapLength ?? 262_144, order),
    u32(options.linkType ?? 101, order)
  ])
}

export interface PcapRecord {
  readonly seconds?: number
  readonly subSeconds?: number
  /** The two length fields in the order in which they are written; by default the data's length. */
  readonly lengths?: readonly [number, number]
  /** Between the record header and the data. */
  readonly extra?: Uint8Array
  readonly data: Uint8Array
}

export function pcapRecord(record: PcapRecord, order: Order = 'little'): Buffer {
  const [first, second] = record.lengths ?? [record.data.length, record.data.length]
  return Buffer.concat([
    u32(record.seconds ?? 0, order),
    u32(record.subSeconds ?? 0, order),
    u32(first, order),
    u32(second, order),
    record.extra ?? Buffer.alloc(0),
    record.data
  ])
}

export function pcap(options: PcapOptions, records: readonly PcapRecord[]): Buffer {
  return Buffer.concat([pcapHeader(options), ...records.map((record) => pcapRecord(record, options.order))])
}

/** The blocks of pcapng sections in one byte order. */
export class PcapngBlocks {
  readonly order: Order

  constructor(order: Order = 'little') {
    this.order = order
  }

  block(type: number, body: Uint8Array, lengths: { opening?: number; closing?: number } = {}): Buffer {
    const length = body.length + 12
    const opening = lengths.opening ?? length
    return Buffer.concat([
      u32(type, this.order),
      u32(opening, this.order),
      body,
      u32(lengths.closing ?? opening, this.order)
    ])
  }

  section(major = 1, minor = 0): Buffer {
    const start = Buffer.concat([u32(0x1a2b3c4d, this.order), u16(major, this.order), u16(minor, this.order)])
    return this.block(0x0a0d0d0a, Buffer.concat([start, Buffer.alloc(8, 0xff)]))
  }

  interface(
    options: { linkType?: number; snapLength?: number; options?: readonly Uint8Array[] } = {}
  ): Buffer {
    return this.block(
      1,
      Buffer.concat([
        u16(options.linkType ?? 101, this.order),
        Buffer.alloc(2),
        u32(options.snapLength ?? 0, this.order),
        ...(options.options ?? [])
      ])
    )
  }

  option(code: number, value: Uint8Array): Buffer {
    return Buffer.concat([u16(code, this.order), u16(value.length, this.order), padded(value)])
  }

  /** Enhanced packet block. */
  packet(options: {
    id?: number
    time?: bigint
    captured?: number
    wire?: number
    data: Uint8Array
  }): Buffer {
    return this.block(6, Buffer.concat([u32(options.id ?? 0, this.order), this.#timeAndData(options)]))
  }

  obsoletePacket(options: { id?: number; time?: bigint; drops?: number; data: Uint8Array }): Buffer {
    const source = [u16(options.id ?? 0, this.order), u16(options.drops ?? 0, this.order)]
    return this.block(2, Buffer.concat([...source, this.#timeAndData(options)]))
  }

  simplePacket(options: { wire?: number; data: Uint8Array }): Buffer {
    const wire = u32(options.wire ?? options.data.length, this.order)
    return this.block(3, Buffer.concat([wire, padded(options.data)]))
  }

  #timeAndData(options: { time?: bigint; captured?: number; wire?: number; data: Uint8Array }): Buffer {
    const time = options.time ?? 0n
    return Buffer.concat([
      u32(Number(time >> 32n), this.order),
      u32(Number(time & 0xffff_ffffn), this.order),
      u32(options.captured ?? options.data.length, this.order),
      u32(options.wire ?? options.data.length, this.order),
      padded(options.data)
    ])
  }
}
